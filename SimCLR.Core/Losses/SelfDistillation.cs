using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Losses;

/// <summary>DINO's loss (Caron et al. 2021, 2104.14294, equation 2): a student's distribution over many outputs follows a teacher's.</summary>
public static class SelfDistillation
{
    /// <summary>Cross-entropy of softmax((t - c) / τ_t), without a gradient, and softmax(s / τ_s); the mean over images.</summary>
    /// <param name="student">s, [N, K].</param>
    /// <param name="teacher">t, [N, K].</param>
    /// <param name="centre">c, [1, K].</param>
    /// <param name="studentTemperature">τ_s, above 0 (paper: 0.1).</param>
    /// <param name="teacherTemperature">τ_t, above 0 (paper: 0.04).</param>
    /// <returns>A scalar; no gradient reaches the teacher.</returns>
    public static Tensor Compute(
        Tensor student,
        Tensor teacher,
        Tensor centre,
        double studentTemperature,
        double teacherTemperature
    )
    {
        using var scope = NewDisposeScope();
        return CrossEntropy(Teacher(teacher, centre, teacherTemperature), student, studentTemperature)
            .MoveToOuterDisposeScope();
    }

    /// <summary>The same of a given distribution p, [N, K]: a teacher's, or SwAV's assignments.</summary>
    internal static Tensor CrossEntropy(Tensor p, Tensor student, double studentTemperature)
    {
        using var scope = NewDisposeScope();
        var log = nn.functional.log_softmax(student / studentTemperature, 1);
        return (p * log).sum(1).mean().neg().MoveToOuterDisposeScope();
    }

    /// <summary>The mean of scalars, one or more.</summary>
    internal static Tensor Mean(IEnumerable<Tensor> terms)
    {
        using var scope = NewDisposeScope();
        Tensor[] all = [.. terms];
        return (all.Aggregate((a, b) => a + b) / all.Length).MoveToOuterDisposeScope();
    }

    /// <summary>The teacher's distribution, [N, K], without a gradient.</summary>
    internal static Tensor Teacher(Tensor teacher, Tensor centre, double temperature)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        return nn.functional.softmax((teacher.detach() - centre) / temperature, 1).MoveToOuterDisposeScope();
    }

    /// <summary>Entropy of distributions, in nats, the mean over rows: a scalar.</summary>
    internal static Tensor Entropy(Tensor p)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        return (p * p.clamp_min(1e-30).log()).sum(1).mean().neg().MoveToOuterDisposeScope();
    }
}

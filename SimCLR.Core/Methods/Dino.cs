using SimCLR.Core.Losses;
using SimCLR.Core.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Methods;

/// <summary>DINO (Caron et al. 2021, 2104.14294): a student's distribution over K outputs follows that which a teacher, its running mean, gives to the other view; the teacher's
/// is centred and sharpened. Outputs are cosines of normalized embeddings and directions. The teacher is evaluated, and sees no further views, multi-crop's: the student's of each follow both.</summary>
/// <param name="Outputs">K, 2 or more (paper: 65536).</param>
/// <param name="Momentum">Share of the teacher that is kept in a step (paper: 0.996 to 1).</param>
/// <param name="StudentTemperature">Temperature of the student's softmax, above 0 (paper: 0.1).</param>
/// <param name="TeacherTemperature">Temperature of the teacher's softmax, above 0, customarily below the student's (paper: 0.04; 0.07 after a warmup).</param>
/// <param name="CentreMomentum">How much of the centre is kept in a step, 0 to below 1 (paper: 0.9).</param>
/// <param name="FrozenEpochs">Epochs before the directions move, 0 or more (paper: 1).</param>
/// <param name="LargestGradient">No parameter's gradient is longer, each by itself (code: 3); null: no bound.</param>
/// <param name="TeacherWarmup">How the teacher's temperature begins; null: as it stays.</param>
public sealed record DinoSpec(
    long Outputs,
    MomentumSchedule Momentum,
    double StudentTemperature = 0.1,
    double TeacherTemperature = 0.04,
    double CentreMomentum = 0.9,
    double FrozenEpochs = 1,
    double? LargestGradient = 3,
    TemperatureWarmup? TeacherWarmup = null
) : IMethodSpec
{
    /// <inheritdoc/>
    public IMethod Create(MethodContext context)
    {
        Require.Temperature(StudentTemperature);
        Require.Temperature(TeacherTemperature);
        TeacherWarmup?.Check();
        Require.Within("momentum of the centre", CentreMomentum, 0, 1, 0.9);
        Require.Within("number of outputs", Outputs, 2, int.MaxValue, 4096);
        return new Dino(this, context);
    }
}

internal sealed class Dino : Method
{
    private readonly DinoSpec spec;
    private readonly Prototypes student;
    private readonly Prototypes teacher;
    private readonly Tensor centre;

    internal Dino(DinoSpec spec, MethodContext context)
        : base(context, momentum: spec.Momentum)
    {
        this.spec = spec;
        Branches =
            Views == 2
                ? BothThroughBoth
                : [.. AllThroughOnline, new Branch(Target!.Networks, 0, 1) { WithGradient = false }];
        student = new Prototypes(context, spec.Outputs, Dimensions, spec.FrozenEpochs);
        teacher = new Prototypes(context, spec.Outputs, Dimensions, 0);
        teacher.Rows.requires_grad = false;
        centre = zeros(1, spec.Outputs, context.Online.Type, context.Device).DetachFromDisposeScope();
        Groups = [.. Groups.Concat(student.Groups).Select(own => own with { LargestGradient = spec.LargestGradient })];
    }

    public override Networks Evaluated => Target!.Networks;

    public override IReadOnlyList<Branch> Branches { get; }

    public override IReadOnlyDictionary<string, Tensor> State =>
        new Dictionary<string, Tensor>(base.State)
        {
            ["student"] = student.Rows,
            ["teacher"] = teacher.Rows,
            ["centre"] = centre,
        };

    public override IReadOnlyList<(string Name, FigureUnit Unit)> Figures { get; } =
    [.. Health.Figures, ("teacher entropy", FigureUnit.Nats), ("divergence", FigureUnit.Nats)];

    public override IReadOnlyList<Collapse> Collapses =>
        [
            Collapse.OfEmbeddings("Lower the learning rate, or raise the momentum."),
            new(
                "teacher entropy",
                entropy => entropy < 1e-3,
                false,
                now =>
                    $"The teacher has collapsed onto one output by step {now.Step}: its entropy is {now["teacher entropy"]:g2}. "
                    + "Let the centre follow faster (a lower centre momentum), or raise the teacher's temperature."
            ),
            new(
                "teacher entropy",
                entropy => entropy > Math.Log(spec.Outputs) - 1e-3,
                false,
                now =>
                    $"The teacher gives all outputs alike by step {now.Step}: its entropy is {now["teacher entropy"]:g4}, ln K. "
                    + $"Raise the student's temperature (now {spec.StudentTemperature:g2}; 0.5), lower the teacher's (now {spec.TeacherTemperature:g2}) or the learning "
                    + $"rate (now {now.LearningRate:g3}), or let the centre follow at once (a centre momentum of 0, now {spec.CentreMomentum:g2})."
            ),
        ];

    /// <summary>The mean over all pairs of a student's view and another one of the teacher's.</summary>
    public override Tensor Loss(IReadOnlyList<Embedding> embeddings, StepInput input)
    {
        using var scope = NewDisposeScope();
        Tensor[] taught = [.. embeddings.Skip(Views).Select(view => Taught(view, input.Step))];
        var terms =
            from view in Enumerable.Range(0, Views)
            let student = Prototypes.Cosines(embeddings[view].Projection, this.student.Rows)
            from other in Enumerable.Range(0, taught.Length)
            where other != view
            select SelfDistillation.CrossEntropy(taught[other], student, spec.StudentTemperature);
        return SelfDistillation.Mean(terms).MoveToOuterDisposeScope();
    }

    /// <summary>The centre learns only now: the loss knows that of the steps before.</summary>
    public override void AfterStep(IReadOnlyList<Embedding> embeddings, StepInput input)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var mean = cat([.. embeddings.Skip(Views).Select(Teacher)]).mean([0], keepdim: true);
        centre.mul_(spec.CentreMomentum).add_(mean, alpha: 1 - spec.CentreMomentum);
        base.AfterStep(embeddings, input);
        teacher.Rows.lerp_(student.Rows, 1 - spec.Momentum.At(input.Step, Context.TotalSteps));
    }

    public override IReadOnlyList<Tensor> Measure(Tensor loss, IReadOnlyList<Embedding> embeddings)
    {
        // Of both views, as the loss is: what is left of it is a divergence.
        var taught = embeddings.Skip(Views).Select(view => Taught(view, Step));
        var entropy = SelfDistillation.Mean(taught.Select(SelfDistillation.Entropy));
        return [.. Health.Of(loss, embeddings[Views].Projection), entropy, loss - entropy];
    }

    public override void Dispose()
    {
        base.Dispose();
        student.Dispose();
        teacher.Dispose();
        centre.Dispose();
    }

    /// <summary>The teacher's distribution.</summary>
    private Tensor Taught(Embedding embedding, long step)
    {
        var temperature =
            spec.TeacherWarmup?.At(step / Context.StepsPerEpoch, spec.TeacherTemperature) ?? spec.TeacherTemperature;
        return SelfDistillation.Teacher(Teacher(embedding), centre, temperature);
    }

    private Tensor Teacher(Embedding embedding) => Prototypes.Cosines(embedding.Projection, teacher.Rows);
}

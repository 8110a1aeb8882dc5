using SimCLR.Core.Optimizers;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SimCLR.Core.Tests.Optimizers;

public class LarsTests
{
    private static double[] Run(
        LarsSpec spec,
        double[] start,
        long[] shape,
        params (double Rate, double[] Gradient)[] steps
    )
    {
        using var scope = NewDisposeScope();
        var parameter = new Parameter(tensor(start, shape));
        using var optimizer = spec.Create([("p", parameter)]);
        foreach (var (rate, gradient) in steps)
        {
            parameter.grad = tensor(gradient, shape);
            optimizer.LearningRate = rate;
            optimizer.Step();
        }

        return [.. parameter.detach().data<double>()];
    }

    private static void AssertClose(double[] expected, double[] actual, double tolerance = 1e-15)
    {
        foreach (var (e, a) in expected.Zip(actual))
            Assert.Equal(e, a, tolerance);
    }

    [Fact]
    public void Two_steps_by_hand_with_the_rate_inside_the_velocity()
    {
        // Step 1: |w| = 5, |g| = 1, trust = 0.001 * 5 / 1 = 0.005; v = 0.1 * 0.005 * (0.6, 0.8) = (0.0003, 0.0004).
        // Step 2: |w| = |(2.9997, 3.9996)| = 4.9995, trust 0.0049995;
        //         v = 0.9 * (0.0003, 0.0004) + 0.2 * 0.0049995 * (0.6, 0.8) = (0.00086994, 0.00115992).
        // The rate outside would move by 0.2 * (0.9 * 0.005 + 0.0049995) * 0.6 = 0.00113994 instead.
        double[] g = [0.6, 0.8];
        var actual = Run(new LarsSpec(0.9, 0), [3, 4], [1, 2], (0.1, g), (0.2, g));
        AssertClose([2.9997 - 0.00086994, 3.9996 - 0.00115992], actual);
    }

    [Fact]
    public void Decay_is_added_before_the_norm_is_taken()
    {
        // g' = (0, 1) + 0.5 * (3, 4) = (1.5, 3), |g'| = √11.25; trust = 0.001 * 5 / √11.25.
        var move = 0.1 * 0.001 * 5 / Math.Sqrt(11.25);
        AssertClose([3 - move * 1.5, 4 - move * 3], Run(new LarsSpec(0.9, 0.5), [3, 4], [1, 2], (0.1, [0, 1])));
    }

    [Fact]
    public void Biases_and_norms_are_excluded_from_decay_and_adaptation()
    {
        // A 1-d parameter moves by plain momentum: v = 0.1 g, then 0.9 v + 0.2 g.
        var actual = Run(new LarsSpec(0.9, 0.5), [3, 4], [2], (0.1, [0.6, 0.8]), (0.2, [0.6, 0.8]));
        AssertClose([3 - 0.06 - (0.054 + 0.12), 4 - 0.08 - (0.072 + 0.16)], actual);
    }

    [Fact]
    public void Exclusion_can_be_turned_off() =>
        AssertClose(
            Run(new LarsSpec(0.9, 0.5), [3, 4], [1, 2], (0.1, [0, 1])),
            Run(new LarsSpec(0.9, 0.5, ExcludeBiasAndNorm: false), [3, 4], [2], (0.1, [0, 1]))
        );

    [Fact]
    public void A_zero_weight_or_gradient_has_trust_1()
    {
        AssertClose([-0.06, -0.08], Run(new LarsSpec(0.9, 0), [0, 0], [1, 2], (0.1, [0.6, 0.8])));
        AssertClose([3, 4], Run(new LarsSpec(0.9, 0), [3, 4], [1, 2], (0.1, [0, 0])));
    }

    [Fact]
    public void The_length_of_a_first_step_is_rate_times_coefficient_times_the_weights_norm()
    {
        // Whatever the size of the gradient.
        foreach (var size in new[] { 1e-6, 1.0, 1e6 })
            AssertClose(
                [3 - 0.0003, 4 - 0.0004],
                Run(new LarsSpec(0.9, 0), [3, 4], [1, 2], (0.1, [0.6 * size, 0.8 * size]))
            );
    }

    [Fact]
    public void A_trajectory_equals_a_scalar_loop()
    {
        using var network = new Network();
        using var optimizer = new LarsSpec(0.9, 0.01, 0.02).Create(network.Named);
        network.Train(optimizer, 0, 30);
        var (w, b) = (Network.Start(0), Network.Start(1));
        var (vw, vb) = (new double[6], new double[6]);
        double Norm(double[] x) => Math.Sqrt(x.Sum(value => value * value));
        for (var step = 0; step < 30; step++)
        {
            double[] g = [.. Network.Gradient(0, step).Select((value, i) => value + 0.01 * w[i])];
            var trust = 0.02 * Norm(w) / Norm(g);
            for (var i = 0; i < 6; i++)
            {
                vw[i] = 0.9 * vw[i] + Network.Rate(step) * trust * g[i];
                vb[i] = 0.9 * vb[i] + Network.Rate(step) * Network.Gradient(1, step)[i];
            }

            w = [.. w.Select((value, i) => value - vw[i])];
            b = [.. b.Select((value, i) => value - vb[i])];
        }

        AssertClose([.. w, .. b], network.Values(), 1e-12);
    }
}

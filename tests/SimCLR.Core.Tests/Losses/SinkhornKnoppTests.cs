using SimCLR.Core.Losses;
using SimCLR.Core.Methods;
using TorchSharp;
using static SimCLR.Core.Tests.Methods.Example;
using static TorchSharp.torch;

namespace SimCLR.Core.Tests.Losses;

public class SinkhornKnoppTests
{
    private static Tensor S1 => Rows([.9, .1, -.2], [.2, .8, 0], [-.3, .4, .7], [.6, .5, .1]);
    private static Tensor S2 => Rows([.7, .2, .1], [.1, .9, -.1], [0, .3, .5], [.4, .6, .2]);

    [Fact]
    public void The_example_has_the_codes_of_plain_Python()
    {
        using var scope = NewDisposeScope();
        Near([.709352, .149964, .140684], SinkhornKnopp.Codes(S1, 0.5, 3)[0]);
        Near([.397491, .340773, .261736], SinkhornKnopp.Codes(S1, 0.5, 3)[3]);
        Near([.498722, .498500, .002779], SinkhornKnopp.Codes(S1, 0.05, 3)[3]);

        static void Near(double[] expected, Tensor row) =>
            Assert.All(expected.Zip(row.data<double>().ToArray()), pair => Assert.Equal(pair.First, pair.Second, 1e-6));
    }

    [Theory]
    [InlineData(0.05, 0.4583843194)]
    [InlineData(0.5, 2.3681002878)]
    public void The_example_has_the_loss_of_plain_PyTorch(double epsilon, double expected)
    {
        using var scope = NewDisposeScope();
        var loss =
            SelfDistillation.CrossEntropy(SinkhornKnopp.Codes(S1, epsilon, 3), S2, 0.1)
            + SelfDistillation.CrossEntropy(SinkhornKnopp.Codes(S2, epsilon, 3), S1, 0.1);
        Is(expected, loss / 2);
    }

    [Fact]
    public void Every_images_code_sums_to_1_and_prototypes_are_used_alike()
    {
        using var scope = NewDisposeScope();
        var codes = SinkhornKnopp.Codes(S1, 0.5, 200);
        Assert.All(codes.sum(1).data<double>().ToArray(), sum => Assert.Equal(1, sum, 1e-12));
        Assert.All(codes.sum([0]).data<double>().ToArray(), sum => Assert.Equal(4.0 / 3, sum, 1e-9));
    }

    [Fact]
    public void Codes_with_a_gradient_are_a_mistake_not_made()
    {
        using var scope = NewDisposeScope();
        Assert.False(SinkhornKnopp.Codes(S1.requires_grad_(), 0.05, 3).requires_grad);
    }

    [Fact]
    public void An_overflow_of_the_exponential_is_a_mistake_not_made()
    {
        // 1 / 0.005 is 200, beyond float32's exponential.
        using var scope = NewDisposeScope();
        var codes = SinkhornKnopp.Codes(S1.to_type(ScalarType.Float32), 0.005, 3);
        Assert.True(codes.isfinite().all().ToBoolean());
    }

    private static Tensor Rows(params double[][] rows) => tensor([.. rows.SelectMany(row => row)], [rows.Length, 3]);
}

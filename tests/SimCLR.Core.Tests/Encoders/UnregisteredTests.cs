using SimCLR.Core.Encoders;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace SimCLR.Core.Tests.Encoders;

public class UnregisteredTests
{
    /// <summary>Keeps what it is given, registered or not.</summary>
    private sealed class Keeping : Module<Tensor, Tensor>
    {
        private readonly object kept;
        private readonly Linear known = Linear(2, 2);

        internal Keeping(object kept, bool registers = false)
            : base("Keeping")
        {
            this.kept = kept;
            register_module("known", known);
            if (registers)
                register_module("kept", (nn.Module)kept);
        }

        public override Tensor forward(Tensor input) => known.forward(input);
    }

    private static IEnumerable<object> Hidden() =>
        [
            Linear(2, 2),
            new Parameter(zeros(2)),
            new List<nn.Module> { ReLU(), Linear(2, 2) },
            new Linear[] { Linear(2, 2) },
            new Dictionary<string, nn.Module> { ["a"] = Linear(2, 2) },
            new List<(string, nn.Module)> { ("a", Linear(2, 2)) },
        ];

    [Fact]
    public void A_module_kept_in_a_field_a_list_or_a_map_without_being_registered_is_found()
    {
        foreach (var kept in Hidden())
        {
            using var keeping = new Keeping(kept);
            Assert.Contains("'kept'", Unregistered.Of(keeping));
            // Also deep inside.
            using var outer = Sequential(("inner", keeping));
            Assert.Contains("Keeping keeps weights in 'kept'", Unregistered.Of(outer));
        }
    }

    [Fact]
    public void What_is_registered_or_has_no_weights_is_no_problem()
    {
        foreach (
            var kept in new object[]
            {
                ReLU(),
                3,
                "text",
                new List<int> { 1 },
                zeros(2),
                new[] { Identity() },
            }
        )
        {
            using var keeping = new Keeping(kept);
            Assert.Null(Unregistered.Of(keeping));
        }
        var teacher = Linear(2, 2);
        foreach (var weight in teacher.parameters())
            weight.requires_grad = false;
        using var frozen = new Keeping(teacher);
        Assert.Null(Unregistered.Of(frozen));
        using var registered = new Keeping(Linear(2, 2), registers: true);
        Assert.Null(Unregistered.Of(registered));
    }

    [Fact]
    public void Every_encoder_of_this_library_has_registered_its_weights()
    {
        using var weights = new Generator(1);
        foreach (
            var spec in new EncoderSpec[]
            {
                new SmallConvSpec([4, 8]),
                new ResNetSpec(18, 0.25, Stem.Cifar),
                new ResNetSpec(50, 0.25, Stem.ImageNet, SelectiveKernel: 0.0625),
                new VisionTransformerSpec(8, 4, 16, 1, 2),
            }
        )
        {
            using var encoder = spec.Create(3, weights);
            Assert.Null(Unregistered.Of(encoder));
        }
    }
}

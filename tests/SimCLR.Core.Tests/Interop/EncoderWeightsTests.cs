using SimCLR.Core.Encoders;
using SimCLR.Core.Interop;
using SimCLR.Core.Tests.Images;
using SimCLR.Core.Tests.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Tests.Interop;

public class EncoderWeightsTests
{
    private static readonly ResNetSpec Small = new(18, 0.125, ZeroInitResidual: false);

    private static Encoder Create(ulong seed, ResNetSpec? spec = null, long channels = 3)
    {
        using var generator = new Generator(seed, CPU);
        return (spec ?? Small).Create(channels, generator);
    }

    private static bool Same(Encoder a, Encoder b)
    {
        using var scope = NewDisposeScope();
        var other = b.state_dict();
        return a.state_dict().All(entry => entry.Value.eq(other[entry.Key]).all().ToBoolean());
    }

    /// <summary>Writes the encoder's state under other names, with more tensors beside it.</summary>
    private static string Write(
        TemporaryFolder folder,
        Encoder encoder,
        Func<string, string?> rename,
        params string[] more
    )
    {
        using var scope = NewDisposeScope();
        var tensors = encoder
            .state_dict()
            .Where(entry => rename(entry.Key) is not null)
            .ToDictionary(entry => rename(entry.Key)!, entry => entry.Value);
        foreach (var name in more)
            tensors[name] = ones(2, 3);
        var path = Path.Combine(folder.Root, "other.safetensors");
        using var stream = File.Create(path);
        Safetensors.Write(stream, tensors);
        return path;
    }

    [Fact]
    public void What_is_saved_is_loaded_bit_for_bit_with_its_notes()
    {
        using var folder = new TemporaryFolder();
        using var saved = Create(1);
        using var loaded = Create(2);
        using (no_grad())
            saved.state_dict()["bn1.running_mean"].fill_(0.25);
        var path = Path.Combine(folder.Root, "encoder.safetensors");
        EncoderWeights.Save(saved, path, new Dictionary<string, string> { ["run"] = "0123" });
        Assert.False(Same(saved, loaded));

        var result = EncoderWeights.Load(loaded, path);
        Assert.True(Same(saved, loaded));
        Assert.Empty(result.Ignored);
        Assert.Equal("0123", result.Notes["run"]);
        Assert.Equal("pt", result.Notes["format"]);
        Assert.Equal([path], Directory.GetFiles(folder.Root));
    }

    private static string? Numbered(string name, params string[] children)
    {
        var dot = name.IndexOf('.');
        return Array.IndexOf(children, name[..dot]) + name[dot..];
    }

    // How checkpoints of public ports name their tensors, with a tensor of their heads.
    [Theory]
    [InlineData("", "fc.weight")]
    [InlineData("backbone.", "backbone.fc.0.weight")]
    [InlineData("encoder.", "projector.0.weight")]
    [InlineData("module.", "module.fc.weight")]
    [InlineData("module.encoder_q.", "module.encoder_q.fc.2.bias")]
    [InlineData("convnet.", "projection.0.weight")]
    [InlineData("trunk._feature_blocks.", "heads.0.clf.0.weight")]
    public void Prefixes_of_public_checkpoints_are_found_and_heads_listed(string prefix, string head)
    {
        using var folder = new TemporaryFolder();
        using var written = Create(1);
        using var encoder = Create(2);
        var path = Write(folder, written, name => prefix + name, head);
        var loaded = EncoderWeights.Load(encoder, path);
        Assert.Equal(prefix, loaded.Names.Prefix);
        Assert.Equal([head], loaded.Ignored);
        Assert.True(Same(written, encoder));
    }

    [Theory]
    [InlineData("backbone.", "conv1 bn1 relu maxpool layer1 layer2 layer3 layer4")]
    [InlineData("features.", "conv1 bn1 relu maxpool layer1 layer2 layer3 layer4")]
    [InlineData("f.", "conv1 bn1 relu layer1 layer2 layer3 layer4")]
    [InlineData("backbone.", "conv1 bn1 layer1 layer2 layer3 layer4")]
    public void Numbered_children_are_found(string prefix, string children)
    {
        using var folder = new TemporaryFolder();
        using var written = Create(1);
        using var encoder = Create(2);
        var path = Write(folder, written, name => prefix + Numbered(name, children.Split(' ')), "g.0.weight");
        Assert.Equal(["g.0.weight"], EncoderWeights.Load(encoder, path).Ignored);
        Assert.True(Same(written, encoder));
    }

    [Theory]
    [InlineData("encoder.")]
    [InlineData("module.encoder.")]
    public void Shortcuts_of_ports_for_CIFAR_are_downsamples(string prefix)
    {
        using var folder = new TemporaryFolder();
        using var written = Create(1);
        using var encoder = Create(2);
        var path = Write(folder, written, name => prefix + name.Replace("downsample", "shortcut"), "head.0.weight");
        Assert.Equal(prefix, EncoderWeights.Load(encoder, path).Names.Prefix);
        Assert.True(Same(written, encoder));
    }

    [Fact]
    public void Counters_of_batch_norm_may_be_absent()
    {
        using var folder = new TemporaryFolder();
        using var written = Create(1);
        using var encoder = Create(2);
        var path = Write(folder, written, name => name.EndsWith("num_batches_tracked") ? null : name);
        EncoderWeights.Load(encoder, path);
        Assert.True(Same(written, encoder));
    }

    [Fact]
    public void A_momentum_encoder_beside_needs_the_prefix_said()
    {
        using var folder = new TemporaryFolder();
        using var written = Create(1);
        using var encoder = Create(2);
        using var scope = NewDisposeScope();
        var path = Path.Combine(folder.Root, "moco.safetensors");
        var tensors = written
            .state_dict()
            .SelectMany(entry => new[] { ($"q.{entry.Key}", entry.Value), ($"k.{entry.Key}", zeros_like(entry.Value)) })
            .ToDictionary();
        using (var stream = File.Create(path))
            Safetensors.Write(stream, tensors);
        var error = Assert.Throws<InvalidDataException>(() => EncoderWeights.Load(encoder, path));
        Assert.Contains("'q.', 'k.'", error.Message.Replace("'k.', 'q.'", "'q.', 'k.'"));
        var loaded = EncoderWeights.Load(encoder, path, new WeightNames("q."));
        Assert.All(loaded.Ignored, name => Assert.StartsWith("k.", name));
        Assert.True(Same(written, encoder));
    }

    [Fact]
    public void All_that_does_not_fit_is_listed_in_one_error_and_nothing_is_changed()
    {
        using var folder = new TemporaryFolder();
        using var written = Create(1, Small with { Stem = Stem.ImageNet });
        using var encoder = Create(2);
        using var before = Create(2);
        var path = Write(folder, written, name => name == "bn1.bias" ? null : name, "layer5.weight", "fc.weight");
        var error = Assert.Throws<InvalidDataException>(() => EncoderWeights.Load(encoder, path));
        Assert.Contains("missing: bn1.bias;", error.Message);
        Assert.Contains("unexpected: layer5.weight;", error.Message);
        Assert.Contains("conv1.weight [8, 3, 7, 7] instead of [8, 3, 3, 3]", error.Message);
        Assert.Contains("stem", error.Message);
        Assert.DoesNotContain("fc.weight", error.Message);
        Assert.True(Same(before, encoder));
    }

    [Fact]
    public void A_transformers_positions_are_interpolated_for_another_size_of_image()
    {
        static VisionTransformer Of(long side, ulong seed)
        {
            using var generator = new Generator(seed, CPU);
            return new VisionTransformer(new VisionTransformerSpec(side, 8, 24, 1, 3), 3, generator);
        }
        using var folder = new TemporaryFolder();
        using var scope = NewDisposeScope();
        using var saved = Of(32, 1);
        using var loaded = Of(48, 2);
        var path = Path.Combine(folder.Root, "vit.safetensors");
        EncoderWeights.Save(saved, path);
        EncoderWeights.Load(loaded, path);
        var weights = PositionGrid.Weights(4, 6);
        var (from, to) = (saved.state_dict(), loaded.state_dict());
        var expected = PositionGrid.Resize(from["pos_embed"].to_type(ScalarType.Float64), weights, weights);
        Assert.InRange((expected - to["pos_embed"]).abs().max().ToDouble(), 0, 1e-7);
        Assert.True(from["blocks.0.attn.qkv.weight"].equal(to["blocks.0.attn.qkv.weight"]).all().ToBoolean());
        // What is no square grid is no other size.
        var wrong = Write(folder, saved, name => name == "pos_embed" ? null : name, "pos_embed");
        Assert.Contains(
            "pos_embed [2, 3] instead of [1, 37, 24]",
            Assert.Throws<InvalidDataException>(() => EncoderWeights.Load(loaded, wrong)).Message
        );
    }

    [Fact]
    public void Weights_of_another_kind_of_network_are_refused()
    {
        using var folder = new TemporaryFolder();
        using var encoder = Create(1);
        var path = Write(folder, encoder, _ => null, "blocks.0.attn.qkv.weight");
        var error = Assert.Throws<InvalidDataException>(() => EncoderWeights.Load(encoder, path));
        Assert.Contains("blocks.0.attn.qkv.weight", error.Message);
        Assert.Throws<FileNotFoundException>(() => EncoderWeights.Load(encoder, path + "x"));
    }

    [Theory]
    [InlineData("504B0304000008080000")] // a zip archive: torch.save since PyTorch 1.6
    [InlineData("80028A0A6CFC9C46F920")] // a pickle of protocol 2: before it
    public void A_pickle_of_PyTorch_is_refused_with_the_lines_that_convert_it(string start)
    {
        using var folder = new TemporaryFolder();
        using var encoder = Create(1);
        var path = Path.Combine(folder.Root, "checkpoint.pth");
        File.WriteAllBytes(path, [.. Convert.FromHexString(start), .. new byte[100]]);
        var message = Assert.Throws<InvalidDataException>(() => EncoderWeights.Load(encoder, path)).Message;
        Assert.Contains($"state = torch.load(\"{path}\"", message);
        Assert.Contains("save_file({k: v.contiguous() for k, v in state.items()}", message);
        Assert.Contains("checkpoint.safetensors", message);
        Assert.Equal(3, message.Split('\n').Count(line => line.StartsWith("  ")));
    }

    [Fact]
    public void Half_precision_is_converted_and_channels_last_memory_stays()
    {
        using var folder = new TemporaryFolder();
        using var written = Create(1);
        using var encoder = Create(1);
        Core.Runtime.MemoryLayout.ToChannelsLast(encoder);
        written.to(ScalarType.Float16);
        var path = Path.Combine(folder.Root, "half.safetensors");
        EncoderWeights.Save(written, path);
        using (no_grad())
            encoder.state_dict()["conv1.weight"].zero_();
        EncoderWeights.Load(encoder, path);
        using var scope = NewDisposeScope();
        var weight = encoder.state_dict()["conv1.weight"];
        Assert.Equal(ScalarType.Float32, weight.dtype);
        Assert.Equal([27, 1, 9, 3], weight.stride());
        Assert.True(weight.eq(written.state_dict()["conv1.weight"].to(ScalarType.Float32)).all().ToBoolean());
    }

    [Fact]
    public void Saving_and_loading_leave_no_tensor_behind()
    {
        using var folder = new TemporaryFolder();
        using var encoder = Create(1);
        var path = Path.Combine(folder.Root, "encoder.safetensors");
        Use(); // whatever is made once per process
        using var left = new LeftTensors();
        Use();
        Assert.Equal(0, left.Count);

        void Use()
        {
            using var scope = NewDisposeScope();
            EncoderWeights.Save(encoder, path);
            EncoderWeights.Load(encoder, path);
        }
    }

    [Fact]
    public void A_head_of_a_type_that_is_not_read_is_no_matter()
    {
        using var folder = new TemporaryFolder();
        using var saved = Create(1);
        using var loaded = Create(2);
        var path = Write(folder, saved, name => name, "fc.weight");
        Retype(path, "fc.weight", "X24");
        Assert.Equal(["fc.weight"], EncoderWeights.Load(loaded, path).Ignored);
        Assert.True(Same(saved, loaded));
        Retype(path, "conv1.weight", "X24");
        var error = Assert.Throws<InvalidDataException>(() => EncoderWeights.Load(loaded, path));
        Assert.Contains("'conv1.weight' is of type X24", error.Message);
    }

    /// <summary>Says of a float32 tensor that it is of a type of the same length of name.</summary>
    private static void Retype(string path, string tensor, string type)
    {
        var bytes = File.ReadAllBytes(path);
        var text = System.Text.Encoding.Latin1.GetString(bytes);
        var at = text.IndexOf("F32", text.IndexOf($"\"{tensor}\"", StringComparison.Ordinal), StringComparison.Ordinal);
        System.Text.Encoding.ASCII.GetBytes(type).CopyTo(bytes, at);
        File.WriteAllBytes(path, bytes);
    }

    [Theory]
    [InlineData(double.NaN)]
    [InlineData(double.PositiveInfinity)]
    public void Weights_that_are_not_finite_are_refused_by_name(double value)
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        using var saved = Create(1);
        using var loaded = Create(2);
        using (no_grad())
            saved.state_dict()["conv1.weight"][0, 0, 0, 0] = value;
        var path = Write(folder, saved, name => "backbone." + name);
        var error = Assert.Throws<InvalidDataException>(() => EncoderWeights.Load(loaded, path));
        Assert.Contains("1 of the 216 values of 'backbone.conv1.weight' are not finite", error.Message);
    }
}

using System.Security.Cryptography;
using SimCLR.Core.Encoders;
using SimCLR.Core.Heads;
using SimCLR.Core.Interop;
using SimCLR.Core.Tests.Images;
using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Tests.Interop;

public class ModuleFileTests
{
    private static ProjectionHead Head(ulong seed, long output = 5)
    {
        using var weights = new Generator(seed, CPU);
        return new HeadSpec(2, output).Create(6, weights);
    }

    private static Dictionary<string, Tensor> Copy(nn.Module module) =>
        module.state_dict().ToDictionary(named => named.Key, named => named.Value.detach().clone());

    private static void AssertSame(Dictionary<string, Tensor> expected, nn.Module actual)
    {
        foreach (var (name, tensor) in actual.state_dict())
            Assert.True(tensor.equal(expected[name]).all().item<bool>(), name);
    }

    [Fact]
    public void What_is_read_is_what_was_written_and_the_checksum_is_of_the_file()
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        var path = folder.At("head.safetensors");
        var (written, read) = (Head(1), Head(2));
        written.forward(rand(4, 6)); // batch norm's statistics and counters move
        var hash = ModuleFile.Save(written, path, new Dictionary<string, string> { ["training"] = "0123" });
        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(path))), hash);
        ModuleFile.Load(read, path, hash);
        AssertSame(Copy(written), read);
    }

    [Fact]
    public void A_single_flipped_bit_is_seen_and_nothing_is_changed()
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        var path = folder.At("head.safetensors");
        var hash = ModuleFile.Save(Head(1), path);
        var bytes = File.ReadAllBytes(path);
        bytes[^3] ^= 4;
        File.WriteAllBytes(path, bytes);
        var read = Head(2);
        var before = Copy(read);
        var error = Assert.Throws<InvalidDataException>(() => ModuleFile.Load(read, path, hash));
        Assert.Contains(path, error.Message);
        Assert.Contains("checksum", error.Message);
        AssertSame(before, read);
    }

    [Fact]
    public void Another_network_is_refused_by_the_name_of_what_does_not_fit()
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        var path = folder.At("head.safetensors");
        var hash = ModuleFile.Save(Head(1), path);
        var wider = Assert.Throws<InvalidDataException>(() => ModuleFile.Load(Head(2, output: 7), path, hash));
        Assert.Contains("layers.3.weight", wider.Message);

        using var weights = new Generator(3, CPU);
        var encoder = new SmallConvSpec([4]).Create(3, weights);
        Assert.Contains(
            "is of another network",
            Assert.Throws<InvalidDataException>(() => ModuleFile.Load(encoder, path, hash)).Message
        );
    }

    [Fact]
    public void A_head_without_layers_is_a_file_too()
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        using var weights = new Generator(1, CPU);
        var path = folder.At("none.safetensors");
        var none = new HeadSpec(0).Create(6, weights);
        ModuleFile.Load(none, path, ModuleFile.Save(none, path));
    }
}

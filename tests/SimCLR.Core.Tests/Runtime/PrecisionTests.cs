using SimCLR.Core.Runtime;
using static TorchSharp.torch;

namespace SimCLR.Core.Tests.Runtime;

public class PrecisionTests
{
    [Theory]
    [InlineData("AuthenticAMD", "avx2 avx512_bf16", true)]
    [InlineData("GenuineIntel", "avx2 avx512_bf16", false)]
    [InlineData("GenuineIntel", "avx512_bf16 amx_bf16 amx_tile", true)]
    [InlineData("AuthenticAMD", "avx2", false)]
    [InlineData("", "", false)]
    public void Bfloat16_is_taken_unasked_where_the_processor_is_faster_with_it(
        string vendor,
        string flags,
        bool faster
    ) => Assert.Equal(faster, Autocast.IsFast(vendor, flags.Split(' ')));

    [Theory]
    [InlineData("avx2 avx512bw", true)]
    [InlineData("avx2 avx_ne_convert", true)]
    [InlineData("avx2 fma", false)]
    [InlineData("", true)]
    public void Bfloat16_needs_instructions(string flags, bool supported) =>
        Assert.Equal(supported, Autocast.IsSupported(flags.Split(' ')));

    [Fact]
    public void What_is_asked_for_is_what_is_computed()
    {
        var warnings = new List<string>();
        Assert.Equal(Precision.Float32, Autocast.Resolve(Precision.Float32, CPU, warnings.Add));
        var brain = Autocast.Resolve(Precision.BFloat16, CPU, warnings.Add);
        Assert.Equal(Autocast.IsAvailable ? Precision.BFloat16 : Precision.Float32, brain);
        Assert.Equal(Autocast.IsAvailable && Autocast.IsSupported(CPU), warnings.Count == 0);
        Assert.NotEqual(Precision.Auto, Autocast.Resolve(Precision.Auto, CPU, warnings.Add));
    }
}

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

    [Theory]
    [InlineData(Precision.Auto, true, false)]
    [InlineData(Precision.Float32, true, false)]
    [InlineData(Precision.BFloat16, true, false)]
    [InlineData(Precision.Tf32, true, true)]
    [InlineData(Precision.Ieee, false, false)]
    public void TF32_is_as_libtorch_has_it_unless_the_precision_says_otherwise(
        Precision asked,
        bool convolutions,
        bool products
    )
    {
        var before = (backends.cudnn.allow_tf32, backends.cuda.matmul.allow_tf32);
        try
        {
            TensorFloat32.Set(Precision.Ieee, new Device(TorchSharp.DeviceType.CUDA));
            TensorFloat32.Set(asked, CPU);
            Assert.Equal((false, false), (backends.cudnn.allow_tf32, backends.cuda.matmul.allow_tf32));
            TensorFloat32.Set(asked, new Device(TorchSharp.DeviceType.CUDA));
            Assert.Equal((convolutions, products), (backends.cudnn.allow_tf32, backends.cuda.matmul.allow_tf32));
        }
        finally
        {
            (backends.cudnn.allow_tf32, backends.cuda.matmul.allow_tf32) = before;
        }
    }

    [Theory]
    [InlineData(Precision.Tf32)]
    [InlineData(Precision.Ieee)]
    public void TF32_is_of_GPUs_alone(Precision asked)
    {
        Assert.Equal(Precision.Float32, Autocast.Resolve(asked, CPU));
        Assert.Equal(asked, Autocast.Resolve(asked, new Device(TorchSharp.DeviceType.CUDA)));
    }

    [Fact]
    public void Libtorch_begins_as_Float32_has_it()
    {
        // In tests nothing sets it for good.
        Assert.Equal((true, false), (backends.cudnn.allow_tf32, backends.cuda.matmul.allow_tf32));
    }
}

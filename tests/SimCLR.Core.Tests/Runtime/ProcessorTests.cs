using SimCLR.Core.Runtime;

namespace SimCLR.Core.Tests.Runtime;

public class ProcessorTests
{
    [Fact]
    public void The_fields_are_those_of_the_first_processor()
    {
        string[] lines =
        [
            "processor\t: 0",
            "vendor_id\t: AuthenticAMD",
            "model name\t: A processor: of two parts",
            "flags\t\t: fpu avx512_bf16",
            "no field",
            "power management:",
            "",
            "processor\t: 1",
            "vendor_id\t: another",
        ];
        var fields = Processor.Parse(lines);
        Assert.Equal("0", fields["processor"]);
        Assert.Equal("AuthenticAMD", fields["vendor_id"]);
        Assert.Equal("A processor: of two parts", fields["model name"]);
        Assert.Equal("fpu avx512_bf16", fields["flags"]);
        Assert.Equal("", fields["power management"]);
        Assert.False(fields.ContainsKey("no field"));
    }

    [Fact]
    public void Every_machine_has_a_processor_with_a_name() => Assert.NotEmpty(Processor.Name);

    private const int Amd = 0x68747541;
    private const int Intel = 0x756E6547;

    [Theory]
    [InlineData(Amd, 0x80000021, 0x121, false)] // a data cache of level 1
    [InlineData(Amd, 0x80000021, 0, true)]
    [InlineData(Amd, 0x80000008, 0, false)] // an older one, which has no such leaf: oneDNN asks another
    [InlineData(Intel, 0x80000021, 0, false)]
    public void Only_AMDs_that_name_no_cache_hide_them(int vendor, uint largest, int cache, bool hides) =>
        Assert.Equal(
            hides,
            Processor.HidesCachesBy(
                (leaf, _) =>
                    leaf switch
                    {
                        0 => (0, vendor, 0, 0),
                        0x80000000 => (unchecked((int)largest), 0, 0, 0),
                        0x8000001D => (cache, 0, 0, 0),
                        _ => throw new ArgumentException($"{leaf:X}"),
                    }
            )
        );
}

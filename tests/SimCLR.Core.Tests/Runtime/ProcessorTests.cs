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
}

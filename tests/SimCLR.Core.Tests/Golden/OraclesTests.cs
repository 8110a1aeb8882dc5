namespace SimCLR.Core.Tests.Golden;

public class OraclesTests(ITestOutputHelper output)
{
    /// <summary>Skipped where Debian's python3-torch is absent.</summary>
    [Fact]
    public void The_numbers_of_the_example_are_those_that_PyTorch_computes_now()
    {
        var told = PythonScript.Run("oracles.py", "python3-torch");
        output.WriteLine(told);
        Assert.Contains("numbers are those of the tests", told);
    }
}

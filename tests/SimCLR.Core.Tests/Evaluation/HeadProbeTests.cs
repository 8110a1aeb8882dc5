using SimCLR.Core.Evaluation;
using SimCLR.Core.Heads;
using SimCLR.Core.Training;
using static TorchSharp.torch;

namespace SimCLR.Core.Tests.Evaluation;

public class HeadProbeTests
{
    [Fact]
    public void Of_no_head_it_is_the_probe_of_h()
    {
        using var tiny = new Tiny(head: new HeadSpec(0));
        var h = new LinearEvaluation().Measure(tiny.Pretrained)[0].Value;
        Assert.Equal([new Figure("linear top-1", h)], new HeadProbe().Measure(tiny.Pretrained));
        Assert.InRange(h, 0.9, 1);
    }

    [Fact]
    public void Of_a_head_that_lets_nothing_through_it_is_a_guess()
    {
        using var tiny = new Tiny();
        var before = tiny.State();
        Assert.InRange(new HeadProbe().Measure(tiny.Pretrained)[0].Value, 0.9, 1);
        Assert.Equal(before, tiny.State());
        using (no_grad())
            foreach (var parameter in tiny.Pretrained.Head.parameters())
                parameter.zero_();
        Assert.Equal(0.5, new HeadProbe().Measure(tiny.Pretrained)[0].Value);
    }
}

using static TorchSharp.torch;

namespace SimCLR.Core.Evaluation;

/// <summary>Puts a module into evaluation mode until disposed; then it and each of its submodules have the mode again that they had.</summary>
internal sealed class EvaluationMode : IDisposable
{
    private readonly (nn.Module Module, bool Training)[] modes;

    internal EvaluationMode(nn.Module module)
    {
        // Parents stand before their submodules, whose modes they set.
        modes = [.. module.modules().Prepend(module).Select(part => (part, part.training))];
        module.eval();
    }

    public void Dispose()
    {
        foreach (var (module, training) in modes)
            module.train(training);
    }
}

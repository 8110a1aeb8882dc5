using static TorchSharp.torch;

namespace SimCLR.Core.Encoders;

/// <summary>An encoder of whose weights some are learned for one size of image.</summary>
internal interface ISizedWeights
{
    /// <summary>A weight that was learned for another size, as it is for this one's; any other as it is.</summary>
    /// <param name="name">Its name in the state.</param>
    /// <param name="stored">As a file has it.</param>
    Tensor Resized(string name, Tensor stored);
}

namespace SimCLR.Core.Interop;

/// <summary>A file that an encoder's first weights are read from, in place of drawn ones.</summary>
/// <param name="Path">A safetensors file.</param>
/// <param name="Names">How it names its tensors; null: that is found out.</param>
public sealed record InitialWeights(string Path, WeightNames? Names = null);

namespace SimCLR.Core.Views;

/// <summary>How pixels between pixels are computed when an image is resized.</summary>
public enum Interpolation
{
    /// <summary>Weights fall linearly to 0 at a distance of one pixel.</summary>
    Bilinear,

    /// <summary>Keys' cubic kernel, two pixels wide to each side: a = -0.5 with antialiasing (as PIL), -0.75 without (as PyTorch).</summary>
    Bicubic,
}

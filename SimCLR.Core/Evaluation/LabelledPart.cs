using SimCLR.Core.Images;
using static TorchSharp.torch;

namespace SimCLR.Core.Evaluation;

/// <summary>The part of the training images whose labels may be used. One seed and part give the same images to every measurement.</summary>
internal static class LabelledPart
{
    internal static ImageSet Of(Pretrained pretrained, double labels)
    {
        using var generator = pretrained.Streams.At("labelled part", 0);
        return pretrained.Splits.Train.TakeFraction(labels, generator);
    }
}

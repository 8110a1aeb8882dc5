using Microsoft.FSharp.Collections;
using Microsoft.FSharp.Core;
using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace SimCLR.CSharp.Components;

/// <summary>A loss, an encoder, a head and a method of one's own, in C#.</summary>
public static class Own
{
    private static readonly FSharpFunc<FSharpList<Tuple<string, double>>, SimCLR.Loss> Distance = CustomLosses.Define(
        "csharp-distance",
        1,
        [Tuple.Create("weight", 1.0)],
        (settings, a, b) => settings["weight"] * (a - b).square().mean() + (1 - a.std()).relu()
    );

    private static readonly FSharpFunc<FSharpList<Tuple<string, double>>, SimCLR.Encoder> Strided =
        CustomEncoders.Define(
            "csharp-strided",
            1,
            [Tuple.Create("width", 8.0), Tuple.Create("dropout", 0.25)],
            (settings, channels) =>
            {
                long width = settings.Whole("width");
                Module<Tensor, Tensor> network = Sequential(
                    Conv2d(channels, width, 3, stride: 2),
                    BatchNorm2d(width),
                    ReLU(),
                    AdaptiveAvgPool2d(1),
                    Flatten(),
                    Dropout(settings["dropout"])
                );
                return Tuple.Create(width, network);
            }
        );

    private static readonly FSharpFunc<FSharpList<Tuple<string, double>>, SimCLR.Head> Smooth = CustomHeads.Define(
        "csharp-smooth",
        1,
        [Tuple.Create("output", 128.0)],
        (settings, size) =>
        {
            long output = settings.Whole("output");
            Module<Tensor, Tensor> module = Sequential(
                Linear(size, size),
                LayerNorm(size),
                GELU(),
                Linear(size, output)
            );
            return Tuple.Create(output, module);
        }
    );

    private static readonly FSharpFunc<FSharpList<Tuple<string, double>>, SimCLR.Method> Following =
        CustomMethods.Define(
            "csharp-follower",
            1,
            [Tuple.Create("momentum", 0.99), Tuple.Create("temperature", 0.2)],
            (settings, context) => new Follower(context, settings["momentum"], settings["temperature"])
        );

    /// <summary>The squared distance of both views' embeddings, with a bound on how near all come to each other.</summary>
    public static SimCLR.Loss DistanceOf(double weight) =>
        Distance.Invoke(ListModule.OfSeq([Tuple.Create("weight", weight)]));

    /// <summary>One strided convolution, with dropout.</summary>
    public static SimCLR.Encoder StridedOf(double width) =>
        Strided.Invoke(ListModule.OfSeq([Tuple.Create("width", width)]));

    /// <summary>Two layers with layer norm and GELU between them, to that length.</summary>
    public static SimCLR.Head SmoothOf(double output) =>
        Smooth.Invoke(ListModule.OfSeq([Tuple.Create("output", output)]));

    /// <summary>Contrast with networks that follow by that momentum.</summary>
    public static SimCLR.Method FollowingBy(double momentum) =>
        Following.Invoke(ListModule.OfSeq([Tuple.Create("momentum", momentum)]));
}

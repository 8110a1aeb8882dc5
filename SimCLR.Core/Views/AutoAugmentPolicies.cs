namespace SimCLR.Core.Views;

/// <summary>The images that a policy of <see cref="AutoAugment"/> was found on.</summary>
public enum AutoAugmentPolicy
{
    /// <summary>ImageNet.</summary>
    ImageNet,

    /// <summary>CIFAR-10.</summary>
    Cifar10,

    /// <summary>SVHN.</summary>
    Svhn,
}

/// <summary>An operation of a policy.</summary>
/// <param name="Operation">Which.</param>
/// <param name="Probability">That it is applied.</param>
/// <param name="Level">0 to 9; 0 where the operation has no strength.</param>
internal readonly record struct AutoAugmentStep(AugmentOperation Operation, double Probability, int Level = 0);

/// <summary>The policies that were published, in torchvision's order (Cubuk et al. 2019, 1805.09501, appendix A).</summary>
internal static class AutoAugmentPolicies
{
    internal static IReadOnlyList<(AutoAugmentStep First, AutoAugmentStep Second)> Of(AutoAugmentPolicy policy) =>
        policy switch
        {
            AutoAugmentPolicy.ImageNet => ImageNet,
            AutoAugmentPolicy.Cifar10 => Cifar10,
            AutoAugmentPolicy.Svhn => Svhn,
            _ => throw new ArgumentOutOfRangeException(
                nameof(policy),
                policy,
                "The policy must be ImageNet, Cifar10 or Svhn."
            ),
        };

    private static readonly (AutoAugmentStep, AutoAugmentStep)[] ImageNet =
    [
        (new(AugmentOperation.Posterize, 0.4, 8), new(AugmentOperation.Rotate, 0.6, 9)),
        (new(AugmentOperation.Solarize, 0.6, 5), new(AugmentOperation.AutoContrast, 0.6)),
        (new(AugmentOperation.Equalize, 0.8), new(AugmentOperation.Equalize, 0.6)),
        (new(AugmentOperation.Posterize, 0.6, 7), new(AugmentOperation.Posterize, 0.6, 6)),
        (new(AugmentOperation.Equalize, 0.4), new(AugmentOperation.Solarize, 0.2, 4)),
        (new(AugmentOperation.Equalize, 0.4), new(AugmentOperation.Rotate, 0.8, 8)),
        (new(AugmentOperation.Solarize, 0.6, 3), new(AugmentOperation.Equalize, 0.6)),
        (new(AugmentOperation.Posterize, 0.8, 5), new(AugmentOperation.Equalize, 1)),
        (new(AugmentOperation.Rotate, 0.2, 3), new(AugmentOperation.Solarize, 0.6, 8)),
        (new(AugmentOperation.Equalize, 0.6), new(AugmentOperation.Posterize, 0.4, 6)),
        (new(AugmentOperation.Rotate, 0.8, 8), new(AugmentOperation.Color, 0.4, 0)),
        (new(AugmentOperation.Rotate, 0.4, 9), new(AugmentOperation.Equalize, 0.6)),
        (new(AugmentOperation.Equalize, 0), new(AugmentOperation.Equalize, 0.8)),
        (new(AugmentOperation.Invert, 0.6), new(AugmentOperation.Equalize, 1)),
        (new(AugmentOperation.Color, 0.6, 4), new(AugmentOperation.Contrast, 1, 8)),
        (new(AugmentOperation.Rotate, 0.8, 8), new(AugmentOperation.Color, 1, 2)),
        (new(AugmentOperation.Color, 0.8, 8), new(AugmentOperation.Solarize, 0.8, 7)),
        (new(AugmentOperation.Sharpness, 0.4, 7), new(AugmentOperation.Invert, 0.6)),
        (new(AugmentOperation.ShearX, 0.6, 5), new(AugmentOperation.Equalize, 1)),
        (new(AugmentOperation.Color, 0.4, 0), new(AugmentOperation.Equalize, 0.6)),
        (new(AugmentOperation.Equalize, 0.4), new(AugmentOperation.Solarize, 0.2, 4)),
        (new(AugmentOperation.Solarize, 0.6, 5), new(AugmentOperation.AutoContrast, 0.6)),
        (new(AugmentOperation.Invert, 0.6), new(AugmentOperation.Equalize, 1)),
        (new(AugmentOperation.Color, 0.6, 4), new(AugmentOperation.Contrast, 1, 8)),
        (new(AugmentOperation.Equalize, 0.8), new(AugmentOperation.Equalize, 0.6)),
    ];

    private static readonly (AutoAugmentStep, AutoAugmentStep)[] Cifar10 =
    [
        (new(AugmentOperation.Invert, 0.1), new(AugmentOperation.Contrast, 0.2, 6)),
        (new(AugmentOperation.Rotate, 0.7, 2), new(AugmentOperation.TranslateX, 0.3, 9)),
        (new(AugmentOperation.Sharpness, 0.8, 1), new(AugmentOperation.Sharpness, 0.9, 3)),
        (new(AugmentOperation.ShearY, 0.5, 8), new(AugmentOperation.TranslateY, 0.7, 9)),
        (new(AugmentOperation.AutoContrast, 0.5), new(AugmentOperation.Equalize, 0.9)),
        (new(AugmentOperation.ShearY, 0.2, 7), new(AugmentOperation.Posterize, 0.3, 7)),
        (new(AugmentOperation.Color, 0.4, 3), new(AugmentOperation.Brightness, 0.6, 7)),
        (new(AugmentOperation.Sharpness, 0.3, 9), new(AugmentOperation.Brightness, 0.7, 9)),
        (new(AugmentOperation.Equalize, 0.6), new(AugmentOperation.Equalize, 0.5)),
        (new(AugmentOperation.Contrast, 0.6, 7), new(AugmentOperation.Sharpness, 0.6, 5)),
        (new(AugmentOperation.Color, 0.7, 7), new(AugmentOperation.TranslateX, 0.5, 8)),
        (new(AugmentOperation.Equalize, 0.3), new(AugmentOperation.AutoContrast, 0.4)),
        (new(AugmentOperation.TranslateY, 0.4, 3), new(AugmentOperation.Sharpness, 0.2, 6)),
        (new(AugmentOperation.Brightness, 0.9, 6), new(AugmentOperation.Color, 0.2, 8)),
        (new(AugmentOperation.Solarize, 0.5, 2), new(AugmentOperation.Invert, 0)),
        (new(AugmentOperation.Equalize, 0.2), new(AugmentOperation.AutoContrast, 0.6)),
        (new(AugmentOperation.Equalize, 0.2), new(AugmentOperation.Equalize, 0.6)),
        (new(AugmentOperation.Color, 0.9, 9), new(AugmentOperation.Equalize, 0.6)),
        (new(AugmentOperation.AutoContrast, 0.8), new(AugmentOperation.Solarize, 0.2, 8)),
        (new(AugmentOperation.Brightness, 0.1, 3), new(AugmentOperation.Color, 0.7, 0)),
        (new(AugmentOperation.Solarize, 0.4, 5), new(AugmentOperation.AutoContrast, 0.9)),
        (new(AugmentOperation.TranslateY, 0.9, 9), new(AugmentOperation.TranslateY, 0.7, 9)),
        (new(AugmentOperation.AutoContrast, 0.9), new(AugmentOperation.Solarize, 0.8, 3)),
        (new(AugmentOperation.Equalize, 0.8), new(AugmentOperation.Invert, 0.1)),
        (new(AugmentOperation.TranslateY, 0.7, 9), new(AugmentOperation.AutoContrast, 0.9)),
    ];

    private static readonly (AutoAugmentStep, AutoAugmentStep)[] Svhn =
    [
        (new(AugmentOperation.ShearX, 0.9, 4), new(AugmentOperation.Invert, 0.2)),
        (new(AugmentOperation.ShearY, 0.9, 8), new(AugmentOperation.Invert, 0.7)),
        (new(AugmentOperation.Equalize, 0.6), new(AugmentOperation.Solarize, 0.6, 6)),
        (new(AugmentOperation.Invert, 0.9), new(AugmentOperation.Equalize, 0.6)),
        (new(AugmentOperation.Equalize, 0.6), new(AugmentOperation.Rotate, 0.9, 3)),
        (new(AugmentOperation.ShearX, 0.9, 4), new(AugmentOperation.AutoContrast, 0.8)),
        (new(AugmentOperation.ShearY, 0.9, 8), new(AugmentOperation.Invert, 0.4)),
        (new(AugmentOperation.ShearY, 0.9, 5), new(AugmentOperation.Solarize, 0.2, 6)),
        (new(AugmentOperation.Invert, 0.9), new(AugmentOperation.AutoContrast, 0.8)),
        (new(AugmentOperation.Equalize, 0.6), new(AugmentOperation.Rotate, 0.9, 3)),
        (new(AugmentOperation.ShearX, 0.9, 4), new(AugmentOperation.Solarize, 0.3, 3)),
        (new(AugmentOperation.ShearY, 0.8, 8), new(AugmentOperation.Invert, 0.7)),
        (new(AugmentOperation.Equalize, 0.9), new(AugmentOperation.TranslateY, 0.6, 6)),
        (new(AugmentOperation.Invert, 0.9), new(AugmentOperation.Equalize, 0.6)),
        (new(AugmentOperation.Contrast, 0.3, 3), new(AugmentOperation.Rotate, 0.8, 4)),
        (new(AugmentOperation.Invert, 0.8), new(AugmentOperation.TranslateY, 0, 2)),
        (new(AugmentOperation.ShearY, 0.7, 6), new(AugmentOperation.Solarize, 0.4, 8)),
        (new(AugmentOperation.Invert, 0.6), new(AugmentOperation.Rotate, 0.8, 4)),
        (new(AugmentOperation.ShearY, 0.3, 7), new(AugmentOperation.TranslateX, 0.9, 3)),
        (new(AugmentOperation.ShearX, 0.1, 6), new(AugmentOperation.Invert, 0.6)),
        (new(AugmentOperation.Solarize, 0.7, 2), new(AugmentOperation.TranslateY, 0.6, 7)),
        (new(AugmentOperation.ShearY, 0.8, 4), new(AugmentOperation.Invert, 0.8)),
        (new(AugmentOperation.ShearX, 0.7, 9), new(AugmentOperation.TranslateY, 0.8, 3)),
        (new(AugmentOperation.ShearY, 0.8, 5), new(AugmentOperation.AutoContrast, 0.7)),
        (new(AugmentOperation.ShearX, 0.7, 2), new(AugmentOperation.Invert, 0.1)),
    ];
}

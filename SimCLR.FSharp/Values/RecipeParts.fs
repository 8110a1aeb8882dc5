namespace SimCLR

/// What several recipes have in common.
module internal RecipeParts =

    let head depth hidden output =
        { Head.ofDepth depth with
            Hidden = Some hidden
            Output = output
        }

    let jitterOf probability brightness saturation hue =
        View.ColorJitter
            {
                Brightness = brightness
                Contrast = brightness
                Saturation = saturation
                Hue = hue
                Probability = probability
                BrightnessMode = BrightnessMode.Multiply
                ContrastMean = ContrastMean.Gray
            }

    let jitter = jitterOf 0.8

    /// Residual blocks that begin as drawn, not at zero.
    let asDrawn encoder =
        match encoder with
        | Encoder.ResNet r -> Encoder.ResNet { r with ZeroInitResidual = false }
        | other -> other

    /// CIFAR-10's deviations as torchvision's examples of it have them, which are means of those of single images.
    let normalizedAsCifar10 =
        Run.withNormalization (View.normalize [ 0.4914; 0.4822; 0.4465 ] [ 0.2023; 0.1994; 0.2010 ])

    let normalizedAsImageNet = Run.withNormalization View.normalizeAsImageNet

    /// On CIFAR-10: a ResNet-18 with the stem for small images, no warmup, SGD with decay 5e-4.
    let smallImages =
        { Run.cifar10 with
            Encoder = Encoder.resNet 18 |> asDrawn
            Optimizer = Optimizer.sgd |> Optimizer.withWeightDecay 5e-4
            Schedule = Schedule.cosine 0.0
        }

    /// What torch.optim and its schedulers do unasked.
    let plainTorch =
        [
            "decay of biases and batch norm too"
            "the schedule moves once per epoch, not per step"
        ]

{ Images =
      { Source = ImageSource.Shapes { Train = 40; Test = 20; Size = 16 }
        TrainLimit = None }
  ViewA =
      View.Sequence
          [ View.Crop
                { Size = 16
                  Area = (0.08, 1.0)
                  Ratio = (0.75, 1.3333333333333333)
                  Interpolation = Interpolation.Bilinear }
            View.Flip 0.5
            View.ColorJitter
                { Brightness = 0.4
                  Contrast = 0.4
                  Saturation = 0.4
                  Hue = 0.1
                  Probability = 0.8
                  BrightnessMode = BrightnessMode.Multiply
                  ContrastMean = ContrastMean.Gray }
            View.Grayscale 0.2
            View.Blur { Probability = 0.5; Sigma = (0.1, 2.0); KernelFraction = 0.1 }
            View.Solarize { Threshold = 0.5; Probability = 0.2 } ]
  ViewB =
      View.Sequence
          [ View.Crop
                { Size = 16
                  Area = (0.08, 1.0)
                  Ratio = (0.75, 1.3333333333333333)
                  Interpolation = Interpolation.Bilinear }
            View.Rotate
            View.Cutout { Fraction = 0.5; Probability = 0.5; Fill = CutoutFill.Mean }
            View.Noise { Sigma = 0.1; Probability = 0.5 }
            View.Sobel 0.1
            View.RandAugment { Count = 1; Level = 5 } ]
  Encoder = Encoder.ViT { Patch = 4; ImageSize = 16; Dim = 8; Depth = 1; Heads = 2 }
  Head = { Depth = 2; Output = 8; Hidden = None; BatchNorm = true }
  Loss = Loss.HardNegative { Temperature = 0.5; Beta = 1.0; PositivePrior = 0.1 }
  Optimizer =
      Optimizer.Adam
          { Beta1 = 0.9
            Beta2 = 0.999
            Epsilon = 1E-08
            WeightDecay = 0.01
            Decoupled = true }
  LearningRate = LearningRate.Fixed 0.001
  Schedule = { WarmupEpochs = 0.0; Decay = Decay.Cosine }
  BatchSize = 10
  MicroBatches = None
  Epochs = 2
  Precision = Precision.Float32
  OnlineProbes = []
  Seed = 0L }

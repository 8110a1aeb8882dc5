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
            View.Flip 0.5 ]
  ViewB =
      View.Sequence
          [ View.Crop
                { Size = 16
                  Area = (0.08, 1.0)
                  Ratio = (0.75, 1.3333333333333333)
                  Interpolation = Interpolation.Bilinear }
            View.Flip 0.5 ]
  Encoder =
      Encoder.ResNet
          { Depth = 18
            Width = 0.03125
            Stem = Stem.Cifar
            ZeroInitResidual = true
            SelectiveKernel = None }
  Head = { Depth = 2; Output = 8; Hidden = None; BatchNorm = true }
  Loss = Loss.NtLogistic { Temperature = 0.5; SemiHard = true }
  Optimizer =
      Optimizer.Lars { Momentum = 0.9; WeightDecay = 1E-06; TrustCoefficient = 0.001 }
  LearningRate = LearningRate.SquareRoot 0.075
  Schedule = { WarmupEpochs = 1.0; Decay = Decay.Cosine }
  BatchSize = 10
  MicroBatches = Some { Size = 5; FreezeBatchNorm = false }
  Epochs = 2
  Precision = Precision.Float32
  OnlineProbes = []
  Seed = 0L }

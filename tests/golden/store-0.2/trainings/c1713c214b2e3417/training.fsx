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
  Encoder = Encoder.SmallConv [ 4; 8 ]
  Head = { Depth = 2; Output = 8; Hidden = None; BatchNorm = true }
  Loss = Loss.NtXent { Temperature = 0.5; Normalize = true }
  Optimizer = Optimizer.Sgd { Momentum = 0.9; WeightDecay = 0.0; Nesterov = false }
  LearningRate = LearningRate.Linear 0.2
  Schedule = { WarmupEpochs = 0.0; Decay = Decay.Cosine }
  BatchSize = 10
  MicroBatches = None
  Epochs = 4
  Precision = Precision.Float32
  OnlineProbes = []
  Seed = 2L }

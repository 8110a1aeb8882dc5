{ Images =
      { Source = ImageSource.Shapes { Train = 40; Test = 20; Size = 16 }
        TrainLimit = Some 30 }
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
  Loss = Loss.Dcl 0.5
  Optimizer =
      Optimizer.Adam
          { Beta1 = 0.9
            Beta2 = 0.999
            Epsilon = 1E-08
            WeightDecay = 0.0
            Decoupled = false }
  LearningRate = LearningRate.Fixed 0.001
  Schedule = { WarmupEpochs = 0.0; Decay = Decay.Cosine }
  BatchSize = 10
  MicroBatches = None
  Epochs = 2
  Precision = Precision.Float32
  OnlineProbes = []
  Seed = 0L }

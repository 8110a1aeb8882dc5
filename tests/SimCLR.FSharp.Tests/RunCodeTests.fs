module SimCLR.Tests.RunCodeTests

open System
open System.Diagnostics
open System.IO
open FsCheck.FSharp
open SimCLR
open SimCLR.Tests
open Xunit

[<Fact>]
let A_run_prints_as_code () =
    let expected =
        """{ Images =
      { Source = ImageSource.Shapes { Train = 4000; Test = 1000; Size = 32 }
        TrainLimit = None }
  ViewA =
      View.Sequence
          [ View.Crop
                { Size = 32
                  Area = (0.08, 1.0)
                  Ratio = (0.75, 1.3333333333333333)
                  Interpolation = Interpolation.Bicubic }
            View.Flip 0.5 ]
  ViewB = View.Identity
  MoreViews = []
  Encoder = Encoder.SmallConv [ 32; 64; 128 ]
  InitialWeights = None
  Head =
      { Depth = 2
        Output = 128
        Hidden = None
        BatchNorm = true
        LastNorm = LastNorm.WithoutShift
        LastBias = false
        Custom = None }
  Method = Method.SimClr
  Loss =
      Loss.NtXent
          { Temperature = 0.1; Normalize = true; Negatives = Negatives.BothViews }
  Optimizer = Optimizer.Sgd { Momentum = 0.9; WeightDecay = 0.0; Nesterov = false }
  LearningRate = LearningRate.Linear 0.1
  Schedule =
      { WarmupEpochs = 1.0; Decay = Decay.Cosine; WeightDecayFactor = Decay.Constant }
  BatchSize = 256
  MicroBatches = None
  NormGroups = 1
  Epochs = 10
  Precision = Precision.Float32
  Evaluation =
      { Probe = Probe.Lbfgs
        L2 = [ 0.0001; 0.1 ]
        ValidationFraction = 0.2
        KnnK = 200
        KnnTemperature = 0.1
        CentreCrop = None
        Measurements = [] }
  Monitor = None
  Seed = 0L }"""

    Assert.Equal(expected.ReplaceLineEndings "\n", Run.toCode Pinned.small)

/// Runs a script with dotnet fsi; its exit code and what it printed.
let private fsi (script: string) =
    let start =
        ProcessStartInfo(
            "dotnet",
            [ "fsi"; "--quiet"; "--warnaserror"; script ],
            RedirectStandardOutput = true,
            RedirectStandardError = true
        )

    use fsi = Process.Start start |> Option.ofObj |> Option.get
    let errors = fsi.StandardError.ReadToEndAsync()
    let output = fsi.StandardOutput.ReadToEnd()
    fsi.WaitForExit()
    fsi.ExitCode, output + errors.Result

[<Fact>]
let The_code_of_a_run_compiles_and_rebuilds_it () =
    Samples.withFolder (fun folder ->
        let odd =
            Run.shapes
            |> Run.withTemperature nan
            |> Run.withWarmupEpochs -infinity
            |> Run.withSeed Int64.MinValue
            |> Run.withHeadDepth -1
            |> Run.withLearningRate (LearningRate.Fixed -1e300)
            |> Run.withViews (View.Sequence [ View.Sequence []; View.Flip -0.5; View.Identity ])

        let runs =
            Pinned.small
            :: Pinned.large
            :: Pinned.later
            :: odd
            :: Run.cifar10
            :: List.ofSeq (Gen.sampleWithSize 20 30 Generators.run)

        let script = Path.Combine(folder, "runs.fsx")

        let code =
            [
                $"#r @\"{typeof<Run>.Assembly.Location}\""
                "open SimCLR"
                // A function per run keeps the compiler's stack small.
                for i, run in List.indexed runs do
                    $"let run{i} () : Run ="

                    for line in (Run.toCode run).Split '\n' do
                        "    " + line

                    $"printfn \"%%s\" (Run.hash (run{i} ()))"
            ]

        File.WriteAllLines(script, code)
        let exitCode, output = fsi script
        Assert.True((exitCode = 0), output)

        Assert.Equal<string list>(
            List.map Run.hash runs,
            output.Split('\n', StringSplitOptions.RemoveEmptyEntries) |> List.ofArray
        ))

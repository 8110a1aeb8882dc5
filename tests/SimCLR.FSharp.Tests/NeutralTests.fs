/// New fields leave hashes and stored files as they are.
module SimCLR.Tests.NeutralTests

open System.Text.Json.Nodes
open SimCLR
open Xunit

/// A run as a later version may have it: with fields more, each with a value that means "as before".
type LaterHead =
    {
        Depth: int
        Output: int
        Hidden: int option
        BatchNorm: bool
        [<Neutral "true">]
        LastBatchNorm: bool
    }

[<RequireQualifiedAccess>]
type LaterMethod =
    | SimClr
    | MoCo of queue: int * momentum: float

type LaterRun =
    {
        /// First: the order of fields is none of the hash's business.
        [<Neutral "\"SimClr\"">]
        Method: LaterMethod
        Images: Images
        ViewA: View
        ViewB: View
        Encoder: Encoder
        InitialWeights: InitialWeights option
        Head: LaterHead
        Loss: Loss
        Optimizer: Optimizer
        LearningRate: LearningRate
        Schedule: Schedule
        BatchSize: int
        MicroBatches: MicroBatches option
        Epochs: int
        Precision: Precision
        Evaluation: Evaluation
        Seed: int64
        [<Neutral "0.0">]
        StopAfter: float
        StopEarly: string option
        [<Neutral "[]">]
        More: (View * int) list
    }

let private later (run: Run) : LaterRun =
    {
        Method = LaterMethod.SimClr
        Images = run.Images
        ViewA = run.ViewA
        ViewB = run.ViewB
        Encoder = run.Encoder
        InitialWeights = run.InitialWeights
        Head =
            {
                Depth = run.Head.Depth
                Output = run.Head.Output
                Hidden = run.Head.Hidden
                BatchNorm = run.Head.BatchNorm
                LastBatchNorm = true
            }
        Loss = run.Loss
        Optimizer = run.Optimizer
        LearningRate = run.LearningRate
        Schedule = run.Schedule
        BatchSize = run.BatchSize
        MicroBatches = run.MicroBatches
        Epochs = run.Epochs
        Precision = run.Precision
        Evaluation = run.Evaluation
        Seed = run.Seed
        StopAfter = 0.0
        StopEarly = None
        More = []
    }

let private runs = [ Pinned.small; Pinned.large; Pinned.later; Run.shapes ]

[<Fact>]
let A_field_with_a_neutral_value_changes_no_hash () =
    for run in runs do
        Assert.Equal(Run.hash run, Json.hash "simclr run 3" (later run))

[<Fact>]
let What_an_older_version_stored_is_read_and_what_a_newer_one_stores_of_old_runs_is_read_by_the_older () =
    for run in runs do
        Assert.Equal(Ok(later run), Json.read<LaterRun>(Run.toJson run))
        Assert.Equal(Ok run, Run.ofJson (Json.write (later run)))

[<Fact>]
let Another_value_of_a_new_field_changes_the_hash_and_is_stored () =
    let run = later Pinned.small

    let changes =
        [
            { run with
                Method = LaterMethod.MoCo(4096, 0.99)
            }
            { run with
                Head = { run.Head with LastBatchNorm = false }
            }
            { run with StopAfter = 1.0 }
            { run with StopEarly = Some "loss" }
            { run with More = [ View.Identity, 2 ] }
        ]

    for changed in changes do
        Assert.NotEqual<string>(Json.hash "simclr run 3" run, Json.hash "simclr run 3" changed)
        Assert.Equal(Ok changed, Json.read<LaterRun>(Json.write changed))

[<Fact>]
let A_neutral_field_is_not_written_wherever_it_stands () =
    let text = Run.toJson Pinned.small

    for field in [ "MicroBatches"; "TrainLimit"; "Hidden"; "Measurements"; "SelectiveKernel" ] do
        Assert.DoesNotContain(field, text)

    Assert.DoesNotContain("LastBatchNorm", Json.write (later Pinned.small))

[<Fact>]
let A_field_that_is_written_although_it_is_neutral_is_read () =
    let whole = Json.writeWhole Pinned.small
    Assert.Contains("\"MicroBatches\":null", whole)
    Assert.Equal(Ok Pinned.small, Run.ofJson whole)

[<Fact>]
let The_order_of_fields_in_a_file_does_not_matter () =
    let fields = (JsonNode.Parse(Run.toJson Pinned.small)).AsObject()

    let reversed =
        JsonObject
            [
                for field in Seq.rev fields ->
                    System.Collections.Generic.KeyValuePair(field.Key, field.Value.DeepClone())
            ]

    match Run.ofJson (reversed.ToJsonString()) with
    | Ok run -> Assert.Equal(Run.hash Pinned.small, Run.hash run)
    | Error why -> Assert.Fail why

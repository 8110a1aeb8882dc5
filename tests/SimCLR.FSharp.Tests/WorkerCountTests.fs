module SimCLR.Tests.WorkerCountTests

open SimCLR
open SimCLR.Tests
open Xunit

let private gib = 1073741824.0

let private runs =
    Grid.from Samples.tiny
    |> Grid.vary "temperature" Run.withTemperature [ 0.05; 0.1; 0.5; 1.0 ]
    |> Grid.seeds [ 0; 1 ]
    |> Grid.runs

[<Fact>]
let It_is_a_number_or_automatic () =
    Assert.Equal(Ok(WorkerCount.Fixed 3), WorkerCount.parse "3")
    Assert.Equal(Ok WorkerCount.Auto, WorkerCount.parse "Auto")

    for text in [ "0"; "-1"; "1025"; "all"; "" ] do
        match WorkerCount.parse text with
        | Ok _ -> Assert.Fail $"'{text}' is taken"
        | Error message -> Assert.Contains($"--workers is '{text}'", message)

[<Fact>]
let Every_core_has_a_process_as_long_as_there_are_runs () =
    Assert.Equal(2, WorkerCount.ofCores 2 1 (64.0 * gib) runs)
    Assert.Equal(8, WorkerCount.ofCores 64 1 (64.0 * gib) runs)
    Assert.Equal(1, WorkerCount.ofCores 1 1 (64.0 * gib) runs)
    Assert.Equal(1, WorkerCount.ofCores 64 1 (64.0 * gib) [])

[<Fact>]
let Processes_of_several_threads_are_fewer () =
    Assert.Equal(4, WorkerCount.ofCores 8 2 (64.0 * gib) runs)
    Assert.Equal(1, WorkerCount.ofCores 2 4 (64.0 * gib) runs)

[<Fact>]
let Runs_of_one_training_are_one () =
    let measured =
        runs
        |> List.map (fun run ->
            { run with
                Evaluation = run.Evaluation |> Evaluation.measuring [ Measurement.rankMe ]
            })

    Assert.Equal(8, WorkerCount.ofCores 64 1 (64.0 * gib) (runs @ measured))

// A process has 0.6 GiB and its training; two of the tiny runs fit into half of 3 GiB.
[<Fact>]
let All_processes_together_have_half_of_the_memory () =
    Assert.Equal(2, WorkerCount.ofCores 64 1 (3.0 * gib) runs)
    Assert.Equal(1, WorkerCount.ofCores 64 1 (1.0 * gib) runs)

    let large = Recipe.paperImageNet |> Run.withImages (Images.folder (Some 224) "x")
    Assert.Equal(1, WorkerCount.ofCores 64 1 (24.0 * gib) (large :: runs))

[<Fact>]
let What_is_not_known_to_fit_has_one_process () =
    let own =
        Samples.tiny
        |> Run.withEncoder (
            Encoder.Custom
                {
                    Name = "none"
                    Version = 1
                    Settings = Map.empty
                }
        )

    Assert.Equal(1, WorkerCount.ofCores 64 1 (64.0 * gib) (own :: runs))

[<Fact>]
let A_number_that_is_said_is_taken_whatever_the_machine () =
    let grid = Grid.from Samples.tiny

    let resolve count preset gpus =
        WorkerCount.resolve count preset { Executor.local with Device = Cpu } gpus grid

    Assert.Equal(5, resolve (WorkerCount.Fixed 5) Preset.Standard [])
    Assert.Equal(2, resolve WorkerCount.Auto Preset.Standard [ "0"; "3" ])
    Assert.Equal(1, resolve WorkerCount.Auto Preset.Standard [])
    Assert.Equal(1, resolve WorkerCount.Auto Preset.Smoke [ "0"; "3" ])

/// Ctrl-C and SIGTERM, sent to a sweep that a user has started.
[<Xunit.Collection "alone">]
module SimCLR.Tests.InterruptionTests

open System.IO
open SimCLR
open SimCLR.Tests.Launcher
open Xunit

/// A run of a moment and one of ten seconds; how often a checkpoint is written unasked is left as it is.
let private script =
    $"""
#load @"{root}/scripts/load.fsx"
open SimCLR

let tiny =
    {{ Run.shapes with
        Images = {{ Source = ImageSource.Shapes {{ Train = 40; Test = 20; Size = 16 }}; TrainLimit = None }}
        ViewA = View.crop 16 >-> View.flip
        ViewB = View.crop 16 >-> View.flip
        Encoder = Encoder.SmallConv [ 8; 16 ]
        Schedule = Schedule.cosine 0.0
        BatchSize = 10 }}

Grid.from tiny
|> Grid.vary "epochs" Run.shortened [ 1; 600 ]
|> Sweep.main (Sweep.fromArgs "interrupted" Load.arguments)
"""

let private sweepIn folder =
    let file = Path.Combine(folder, "sweep.fsx")
    File.WriteAllText(file, script)
    Launcher.start folder [ "run"; file; "--device"; "cpu"; "--threads"; "1" ]

let private store folder =
    Store.ofFolder (Path.Combine(folder, "results", "runs"))

/// What is stored, in order of length, but for speeds.
let private outcomes folder =
    Store.all failwith (store folder)
    |> List.sortBy (fun (run, _) -> run.Epochs)
    |> List.map (fun (run, outcome) -> run, Samples.withoutSpeed outcome)

let private checkpoints folder =
    Directory.GetFiles(Path.Combine(folder, "results", "runs"), "step-*.safetensors", SearchOption.AllDirectories)

let private interrupted code folder (ended: int * string * string) =
    let actual, output, errors = ended
    Assert.True((code = actual), errors)
    Assert.Contains("the same command goes on from there", errors)
    Assert.NotEmpty(checkpoints folder)
    // The table of what is finished.
    Assert.Single(outcomes folder) |> ignore
    Assert.Contains("epochs", output)

    let table =
        File.ReadAllLines(Path.Combine(folder, "results", "interrupted", "table.md"))

    Assert.Contains(table, fun line -> line.StartsWith "| 1 ")
    Assert.DoesNotContain(table, fun line -> line.StartsWith "| 600 ")

/// A plan of a network whose every step takes seconds.
let private slowPlan =
    script
        .Replace("Encoder.SmallConv [ 8; 16 ]", "Encoder.SmallConv [ 1024; 2048; 4096 ]")
        .Replace("\nGrid.from", "\neprintfn \"begins\"\n\nGrid.from")

[<Fact>]
let ``A dry run is ended at once by Ctrl-C and by SIGTERM, as nothing of it is to be finished`` () =
    needCtrlC ()

    for name, code in [ "INT", 130; "TERM", 143 ] do
        inFolder (fun folder ->
            let file = Path.Combine(folder, "sweep.fsx")
            File.WriteAllText(file, slowPlan)

            let plan =
                Launcher.start folder [ "run"; file; "--device"; "cpu"; "--threads"; "1"; "--dry-run" ]

            Assert.True(plan |> hears "begins")
            // It measures now.
            System.Threading.Thread.Sleep 1000
            let clock = System.Diagnostics.Stopwatch.StartNew()
            plan |> signal name
            let actual, output, errors = finish plan
            Assert.True((code = actual), errors)
            Assert.InRange(clock.Elapsed.TotalSeconds, 0.0, 2.0)
            Assert.DoesNotContain("Stopping", errors)
            Assert.DoesNotContain("Estimated", output))

[<Fact>]
let ``That time is up is what ended a sweep, whether SIGTERM is heard before it, after it or at the same time`` () =
    if not (System.OperatingSystem.IsWindows() || System.OperatingSystem.IsMacOS()) then
        for heard in [ [ 12; 15 ]; [ 15; 12 ]; [ 12; 12; 15; 15 ]; [ 15; 12; 15 ] ] do
            use interruption = new Interruption(false)
            heard |> List.iter interruption.Hear
            Assert.True interruption.Token.IsCancellationRequested
            Assert.Equal(140, interruption.ExitCode)

        for _ in 1..20 do
            use interruption = new Interruption(false)
            System.Threading.Tasks.Parallel.Invoke((fun () -> interruption.Hear 15), (fun () -> interruption.Hear 12))
            Assert.Equal(140, interruption.ExitCode)

[<Fact>]
let ``A sweep ended by Ctrl-C, by SIGTERM, by SIGUSR2 and by two Ctrl-C goes on each time, and ends as one that was not``
    ()
    =
    needCtrlC ()

    inFolder (fun whole ->
        inFolder (fun folder ->
            let code, _, errors = sweepIn whole |> finish
            Assert.True((code = 0), errors)

            // A quarter of the second run is done.
            let sweep = sweepIn folder
            Assert.True(sweep |> hears "epochs 600   25 %")
            sweep |> signal "INT"
            sweep |> finish |> interrupted 130 folder

            let sweep = sweepIn folder
            Assert.True(sweep |> hears "Goes on from the checkpoint of step ")
            sweep |> signal "TERM"
            sweep |> finish |> interrupted 143 folder

            // A cluster whose time is up sends the one first, and may send the other, too.
            let sweep = sweepIn folder
            Assert.True(sweep |> hears "Goes on from the checkpoint of step ")
            sweep |> signal "USR2"
            sweep |> signal "TERM"
            sweep |> finish |> interrupted 140 folder

            let sweep = sweepIn folder
            Assert.True(sweep |> hears "Goes on from the checkpoint of step ")
            sweep |> signal "INT"
            Assert.True(sweep |> hears "once more to stop at once")
            sweep |> signal "INT"
            let code, output, errors = finish sweep
            Assert.Equal(130, code)
            // It did not come to report.
            Assert.DoesNotContain("goes on from there", errors)
            Assert.DoesNotContain("Report:", output)
            Assert.Single(outcomes folder) |> ignore
            Assert.NotEmpty(checkpoints folder)

            let code, _, errors = sweepIn folder |> finish
            Assert.True((code = 0), errors)
            Assert.Contains("Goes on from the checkpoint of step ", errors)
            Assert.Empty(checkpoints folder)
            Assert.Equal(2, (outcomes folder).Length)
            Assert.Equal<(Run * Outcome) list>(outcomes whole, outcomes folder)))

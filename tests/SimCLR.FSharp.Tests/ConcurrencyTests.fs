module SimCLR.Tests.ConcurrencyTests

open System
open System.Diagnostics
open System.IO
open System.Text.RegularExpressions
open System.Threading
open SimCLR
open Xunit

let private root = Launcher.root

let private script = Path.Combine(root, "scripts", "temperature.fsx")

/// A sweep of eight runs of about a second.
let private quick = [ "--epochs"; "1"; "--limit"; "600"; "--batch"; "64" ]

/// The numbers of the cells that a sweep computed itself.
let private computed (errors: string) =
    [
        for line in errors.Split '\n' do
            let found = Regex.Match(line, @"\[(\d+)/8\] .*linear [\d.]+ ?%")

            if found.Success && not (line.Contains "stored already") then
                int found.Groups[1].Value
    ]

[<Fact>]
let ``Two sweeps on one store run no cell twice, and a reader sees whole files all the while`` () =
    Launcher.inFolder (fun folder ->
        let sweeps =
            [
                for _ in 1..2 -> Launcher.start folder ([ "run"; script ] @ quick @ [ "--out"; "results/x" ])
            ]

        let store = Store.at (Path.Combine(folder, "results", "runs"))
        let mutable seen = 0

        while sweeps |> List.exists (fun sweep -> not sweep.Process.HasExited) do
            let all = Store.all failwith store
            Assert.True(all.Length >= seen, "A stored outcome has gone.")
            seen <- all.Length

            let results: Results =
                {
                    Axes = [ "run" ]
                    Cells =
                        [
                            for i, (run, outcome) in List.indexed all ->
                                {
                                    Cell =
                                        {
                                            Coordinates = [ "run", AxisValue.Number(float i) ]
                                            Run = run
                                        }
                                    Result = Ok outcome
                                    Stored = true
                                }
                        ]
                }

            Report.ofResults "reader" store results |> Report.toHtml |> ignore
            Thread.Sleep 50

        let ended = sweeps |> List.map Launcher.finish
        Assert.All(ended, fun (code, _, errors) -> Assert.True((code = 0), errors))

        let cells =
            ended |> List.collect (fun (_, _, errors) -> computed errors) |> List.sort

        Assert.Equal<int list>([ 1..8 ], cells)
        Assert.Equal(8, (Store.all failwith store).Length))

[<Fact>]
let ``Workers share a sweep, and the run of one that is killed is a failed cell`` () =
    Launcher.inFolder (fun folder ->
        let arguments =
            [
                "run"
                script
                "--workers"
                "2"
                "--epochs"
                "4"
                "--seeds"
                "1"
                "--limit"
                "1200"
            ]

        let sweep = Launcher.start folder arguments
        let runs = Path.Combine(folder, "results", "runs")

        let held () =
            if Directory.Exists runs then
                [
                    for path in Directory.GetFiles(runs, "lock", SearchOption.AllDirectories) do
                        // .NET itself does not read a file that is locked.
                        let info = ProcessStartInfo("cat", [ path ], RedirectStandardOutput = true)
                        use cat = Process.Start info

                        match Int32.TryParse(cat.StandardOutput.ReadToEnd().Split(' ')[0]) with
                        | true, number -> number
                        | _ -> ()
                ]
            else
                []

        let clock = Stopwatch.StartNew()

        // Both have begun: a worker that still looks for a run could take the killed one's before it is missed.
        while (held () |> List.distinct).Length < 2
              && clock.Elapsed < TimeSpan.FromMinutes 2.0 do
            Thread.Sleep 100

        Process.GetProcessById(held().Head).Kill()
        let code, output, errors = Launcher.finish sweep
        Assert.True((code = 1), errors)
        Assert.Contains("worker died", output + errors)
        let store = Store.at runs
        Assert.Equal(3, (Store.all failwith store).Length)

        let code, _, errors =
            Launcher.run
                folder
                ([ "run"; script; "--retry-failed" ]
                 @ [ "--epochs"; "4"; "--seeds"; "1"; "--limit"; "1200" ])

        Assert.True((code = 0), errors)
        Assert.Equal(4, (Store.all failwith store).Length))

[<Fact>]
let ``Workers get GPUs among those that are visible here`` () =
    Assert.Equal<string list>([ "0"; "3" ], Workers.gpusAmong "" [ "0"; "3" ])
    Assert.Equal<string list>([ "6"; "4" ], Workers.gpusAmong "4,5,6" [ "2"; "0" ])
    Assert.Equal<string list>([ "GPU-7f" ], Workers.gpusAmong "GPU-7f" [ "0" ])
    Assert.Equal<string list>([], Workers.gpusAmong "4,5" [])

    let refused visible number =
        Assert.Throws<ArgumentException>(fun () -> Workers.gpusAmong visible [ number ] |> ignore).Message

    Assert.Contains("shows this process 2 GPU(s): use 0 to 1", refused "4,5" "2")
    Assert.Contains("--gpus has 'first'", refused "" "first")
    Assert.Contains("--gpus has '-1'", refused "" "-1")

module SimCLR.Tests.QuickstartTests

open System
open System.IO
open System.Text.RegularExpressions
open SimCLR.Tests
open SimCLR.Tests.Launcher
open Xunit

[<Fact>]
let ``The quickstart trains, beats its untrained encoder by ten points, and stores its run`` () =
    inFolder (fun folder ->
        let script = Path.Combine(root, "scripts", "quickstart.fsx")
        let arguments = [ "run"; script; "--seeds"; "1" ]
        let code, _, errors = Launcher.run folder arguments
        Assert.True((code = 0), errors)

        let pattern = Regex @"linear (\d+\.\d) ?% \(untrained (\d+\.\d) ?%\)"

        let found = pattern.Match errors
        Assert.True(found.Success, errors)
        let trained, untrained = float found.Groups[1].Value, float found.Groups[2].Value
        Assert.True(trained > untrained + 10.0, errors)

        let stored () =
            Map
                [
                    for pattern in [ "figures.json"; "*.safetensors" ] do
                        for file in Directory.GetFiles(folder, pattern, SearchOption.AllDirectories) ->
                            file, File.GetLastWriteTimeUtc file
                ]

        let before = stored ()
        Assert.NotEmpty before
        let again, _, errors = Launcher.run folder arguments
        Assert.True((again = 0), errors)
        Assert.Contains("stored already", errors)
        Assert.Contains(found.Value, errors)
        Assert.Equal<Map<string, DateTime>>(before, stored ()))

[<Fact>]
let ``The quickstart takes the arguments of all scripts, and trains nothing when it is asked for help or a plan`` () =
    inFolder (fun folder ->
        let script = Path.Combine(root, "scripts", "quickstart.fsx")
        let code, output, _ = Launcher.run folder [ "run"; script; "--help" ]
        Assert.Equal(0, code)
        Assert.Contains("--preset", output)

        let code, output, errors =
            Launcher.run folder [ "run"; script; "--preset"; "smoke"; "--dry-run" ]

        Assert.True((code = 0), errors)
        Assert.Contains("Nothing was trained", output)
        let code, _, errors = Launcher.run folder [ "run"; script; "--epoch"; "3" ]
        Assert.Equal(2, code)
        Assert.Contains("--epochs", errors)
        Assert.Empty(Directory.GetDirectories folder))

[<Fact>]
let ``The usage names the script as it was started, and a wrong width its argument, once`` () =
    inFolder (fun folder ->
        let path = Path.Combine(folder, "mine.fsx")

        File.WriteAllText(
            path,
            $"#load \"{root}/scripts/load.fsx\"\nopen SimCLR\nlet sweep = Sweep.fromArgs \"mine\" Load.arguments\n"
            + "Grid.from sweep.Baseline |> Grid.vary \"temperature\" Run.withTemperature [ 0.1; 0.5 ] |> Grid.seeds sweep.Seeds |> Sweep.main sweep\n"
        )

        let _, output, _ = Launcher.run folder [ "run"; path; "--help" ]
        Assert.Contains($"simclr run {path}", output)
        let code, _, errors = Launcher.run folder [ "run"; path; "--width"; "1e9" ]
        Assert.Equal(2, code)
        let line = Assert.Single(errors.Trim().Split('\n'))
        Assert.StartsWith("--width 1e9: ", line)
        let code, _, errors = Launcher.run folder [ "run"; path; "--epoch"; "3" ]
        Assert.Equal(2, code)
        Assert.Contains("--epochs", Assert.Single(errors.Trim().Split('\n'))))

[<Fact>]
let ``What is wrong outside a sweep is said in words, without a stack`` () =
    inFolder (fun folder ->
        let fails (code: string) (said: string) =
            let path = Path.Combine(folder, "own.fsx")
            File.WriteAllText(path, $"#load \"{root}/scripts/load.fsx\"\nopen SimCLR\n{code}\n")
            let exit, output, errors = Launcher.run folder [ "run"; path ]
            Assert.NotEqual(0, exit)
            Assert.Contains(said, errors)
            Assert.False(Regex.IsMatch(output + errors, @"(?m)^\s+at "), errors)

        fails
            "Grid.from Run.shapes |> Grid.vary \"x\" Run.withBatchSize [ 64; 64 ] |> ignore"
            "Axis 'x' has the value 64 2 times; give it once."

        fails
            "Run.shapes |> Run.withLoss (Loss.marginTriplet 0.8) |> Run.withTemperature 0.1 |> ignore"
            "The margin triplet loss has no temperature"

        fails "Executor.local |> Execution.run { Run.shapes with Epochs = 1 } |> ignore" "Run.shortened 1"

        fails
            "{ Executor.local with DataRoot = \"nowhere\" } |> Execution.run (Run.shortened 1 Run.cifar10) |> ignore"
            "Allow the download (--download in a script)")

[<Fact>]
let ``A sweep's arguments are checked before anything is trained`` () =
    inFolder (fun folder ->
        let script = Path.Combine(root, "scripts", "temperature.fsx")

        for arguments, said in
            [
                [ "--data"; "mnist" ], "There is no data set 'mnist'"
                [ "--batch"; "1" ], "BatchSize is 1"
                [ "--epochs"; "0" ], "Epochs is 0"
                [ "--seeds"; "0" ], "--seeds is 0"
                [ "--device"; "tpu" ], "There is no device 'tpu'"
                [ "--nonsense" ], "unrecognized"
                [ "--data"; "cifar10"; "--data-root"; "nowhere" ], "nowhere"
            ] do
            let code, output, errors = Launcher.run folder ([ "run"; script ] @ arguments)
            Assert.True((code = 2), $"{arguments}: {code} {output} {errors}")
            Assert.Contains(said, errors)

        Assert.False(Directory.Exists(Path.Combine(folder, "results", "runs"))))

module SimCLR.Tests.QuickstartTests

open System
open System.Diagnostics
open System.IO
open System.Text.RegularExpressions
open SimCLR.Tests
open SimCLR.Tests.Launcher
open Xunit

[<Fact>]
let ``The quickstart trains, beats its untrained encoder by ten points, and stores its run`` () =
    inFolder (fun folder ->
        let script = Path.Combine(root, "scripts", "quickstart.fsx")
        let code, output, errors = Launcher.run folder [ "run"; script ]
        Assert.True((code = 0), errors)
        let found = Regex.Match(output, @"untrained (\d+\.\d) ?%, pretrained (\d+\.\d) ?%")
        Assert.True(found.Success, output)
        let untrained, trained = float found.Groups[1].Value, float found.Groups[2].Value
        Assert.True(trained > untrained + 10.0, output)

        let watch = Stopwatch.StartNew()
        let again, output, errors = Launcher.run folder [ "run"; script ]
        Assert.True((again = 0), errors)
        Assert.Contains("stored already", errors)
        Assert.Contains(found.Value, output)
        Assert.True(watch.Elapsed < TimeSpan.FromSeconds 60.0, string watch.Elapsed))

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

/// What is read and written is the same in every language of the system.
module SimCLR.Tests.CultureTests

open System
open System.Diagnostics
open System.IO
open System.Text.RegularExpressions
open SimCLR
open SimCLR.Tests.Samples
open Xunit

/// Makes the languages in a folder; None where this machine cannot.
let private locales folder =
    try
        [ "de_DE"; "fr_FR"; "ar_SA" ]
        |> List.map (fun name ->
            let path = Path.Combine(folder, $"{name}.UTF-8")

            use made =
                Process.Start("localedef", [ "--no-archive"; "-i"; name; "-f"; "UTF-8"; path ])

            made.WaitForExit()
            // 1: made with warnings.
            if made.ExitCode <= 1 && Directory.Exists path then
                Some $"{name}.UTF-8"
            else
                None)
        |> List.choose id
    with :? ComponentModel.Win32Exception ->
        []

let private inLocales test =
    withFolder (fun folder ->
        let names = locales folder
        Assert.SkipWhen(names.IsEmpty, "localedef makes no languages here")
        test names (fun name -> [ "LOCPATH", folder; "LC_ALL", name; "LANG", name ]))

/// Without what differs between any two executions: times, speeds, places.
let private timeless (text: string) =
    Regex.Replace(text, @"\d+(\.\d+)? (s|min|h|images/s|MiB|GiB)\b|\d\d:\d\d(:\d\d)?|simclr-(user|test)-\w+", "#")

[<Trait("group", "slow")>]
[<Fact>]
let A_dry_run_says_the_same_in_every_language () =
    inLocales (fun names environment ->
        let script = Path.Combine(Launcher.root, "scripts", "losses.fsx")

        let plan locale =
            Launcher.inFolder (fun folder ->
                let code, output, errors =
                    Launcher.startWith
                        (environment locale)
                        folder
                        [
                            "run"
                            script
                            "--encoder"
                            "resnet18"
                            "--width"
                            "0.25"
                            "--set"
                            "Optimizer.WeightDecay=1e-5"
                            "--seeds"
                            "1"
                            "--dry-run"
                        ]
                    |> Launcher.finish

                Assert.True((code = 0), errors)
                timeless output)

        let expected = plan "C"
        Assert.Contains("Estimated: #", expected)

        for name in names do
            Assert.Equal(expected, plan name))

[<Fact>]
let A_decimal_comma_is_refused_in_every_language () =
    inLocales (fun names environment ->
        let script = Path.Combine(Launcher.root, "scripts", "losses.fsx")

        for name in "C" :: names do
            Launcher.inFolder (fun folder ->
                let code, _, errors =
                    Launcher.startWith (environment name) folder [ "run"; script; "--width"; "0,25"; "--dry-run" ]
                    |> Launcher.finish

                Assert.Equal(2, code)
                Assert.Contains("--width is '0,25', which is no number: write 0.25.", errors)))

/// Trains and reports without a command, as a script of one's own may, and prints a number.
let private script =
    """#load "LOAD"
open SimCLR
let run =
    { Run.shapes with
        Images = { Source = ImageSource.Shapes { Train = 40; Test = 20; Size = 16 }; TrainLimit = None }
        ViewA = View.crop 16
        ViewB = View.crop 16
        Encoder = Encoder.SmallConv [ 8 ]
        Schedule = Schedule.cosine 0.0
        BatchSize = 10
        Epochs = 1 }
let executor = { Executor.local with Store = Store.ofFolder "runs"; Device = Cpu; Observer = Observer.silent }
let results =
    Grid.from run
    |> Grid.vary "temperature" Run.withTemperature [ 0.25; 0.5 ]
    |> Execution.execute System.Threading.CancellationToken.None executor
Report.ofResults "page" executor.Store results |> Report.write "page" |> ignore
printfn "%s" $"{0.25} {0.25:F1} {Run.hash run}"
"""

[<Trait("group", "slow")>]
[<Fact>]
let A_report_of_a_plain_script_is_the_same_in_every_language () =
    inLocales (fun names environment ->
        let load = Path.Combine(Launcher.root, "scripts", "load.fsx")

        let report locale =
            Launcher.inFolder (fun folder ->
                File.WriteAllText(Path.Combine(folder, "own.fsx"), script.Replace("LOAD", load))

                let code, output, errors =
                    Launcher.startWith (environment locale) folder [ "run"; "own.fsx" ]
                    |> Launcher.finish

                Assert.True((code = 0), errors)

                let read name =
                    File.ReadAllText(Path.Combine(folder, "page", name))

                let figures =
                    Regex.Matches(read "table-1.csv", @"^(0\.25|0\.5),[^,]*,[^,]*,[^,]*,", RegexOptions.Multiline)

                let measured = [ for line in figures -> line.Value ]

                let stored =
                    Directory.GetFiles(Path.Combine(folder, "runs"), "*.json", SearchOption.AllDirectories)
                    |> Array.map (fun path -> Path.GetRelativePath(folder, path))
                    |> Array.sort

                // Energy is measured: its digits differ, its decimal sign must not.
                Assert.Matches(@"\d\.\d+ Wh", read "provenance.md")
                Assert.DoesNotMatch(@"\d,\d+ (Wh|%)", read "provenance.md" + read "table.md" + read "report.html")
                output, measured, List.ofArray stored)

        let expected = report "C"
        let output, measured, _ = expected
        Assert.StartsWith("0.25 0.2 ", output)
        Assert.NotEmpty measured

        for name in names do
            Assert.Equal(expected, report name))

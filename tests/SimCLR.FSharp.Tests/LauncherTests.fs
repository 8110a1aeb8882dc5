/// The launcher itself: its verbs, what it passes on, and how it comes to be built.
module SimCLR.Tests.LauncherTests

open System
open System.Diagnostics
open System.IO
open System.Text.RegularExpressions
open SimCLR.Tests.Launcher
open Xunit

let private simclr = Path.Combine(root, "simclr")

let private program =
    Path.Combine(root, "SimCLR.Launcher", "bin", "Release", "net10.0", "SimCLR.Launcher.dll")

/// Starts a program with a text on its input, and to the end.
let private feed (input: string) (program: string) folder (arguments: string list) =
    let start =
        ProcessStartInfo(
            program,
            arguments,
            WorkingDirectory = folder,
            RedirectStandardInput = true,
            RedirectStandardOutput = true
        )

    use started = Process.Start start |> nonNull
    started.StandardInput.Write input
    started.StandardInput.Close()
    let output = started.StandardOutput.ReadToEnd()
    started.WaitForExit()
    started.ExitCode, output, started.Id

let private verbs =
    let _, usage, _ = run root [ "--help" ]

    [
        for line in Regex.Matches(usage, @"(?m)^  ([a-z-]+) ") -> line.Groups[1].Value
    ]

[<Fact>]
let ``Every verb that is listed says how it is used`` () =
    Assert.Equal(14, verbs.Length)

    for verb in verbs do
        let code, output, errors = run root [ verb; "--help" ]
        Assert.Equal((0, ""), (code, errors))
        Assert.StartsWith($"./simclr {verb}", output)

        if verb = "run" || verb = "runs" || verb = "cluster" then
            Assert.Equal((2, output, ""), run root [ verb ])

[<Fact>]
let ``Without a verb it lists them, and so it does for one that there is not`` () =
    let code, usage, errors = run root []
    Assert.Equal((0, ""), (code, errors))
    let code, output, errors = run root [ "trian" ]
    Assert.Equal((1, ""), (code, output))
    Assert.StartsWith(usage.TrimEnd(), errors)
    Assert.EndsWith("simclr: there is no verb 'trian'", errors)

[<Fact>]
let ``Wrong arguments of a verb are named`` () =
    for arguments, expected in
        [
            [ "run"; "no.fsx" ], "there is no script 'no.fsx'. Those of this project: scripts/batch-epochs.fsx"
            [ "setup"; "--gpu" ], "setup takes --cuda or nothing, not '--gpu'"
            [ "notebooks"; "no" ], "there is no notebook 'no'. There are: comparing-methods.fsx"
            [ "publish-bench"; "--date" ], "publish-bench has no option '--date'"
            [ "publish-bench"; "--data"; "no" ], "--data needs a file"
        ] do
        let code, output, errors = run root arguments
        Assert.Equal((1, ""), (code, output))
        Assert.StartsWith($"simclr: {expected}", errors)

[<Fact>]
let ``A script runs in its place: the same process, with all arguments, input and exit code, in any folder, through a link``
    ()
    =
    inFolder (fun folder ->
        let odd =
            Directory.CreateDirectory(Path.Combine(folder, "it's \"ü\" $HOME")).FullName

        let link = Path.Combine(odd, "a link")
        File.CreateSymbolicLink(link, simclr) |> ignore

        File.WriteAllText(
            Path.Combine(odd, "a script.fsx"),
            $"#load @\"{root}/scripts/load.fsx\"\n"
            + "printfn \"%d\" System.Environment.ProcessId\n"
            + "printf \"%A %s\" Load.arguments (stdin.ReadToEnd())\nexit 7\n"
        )

        let arguments = [ "b c"; "d\"e'f"; "ü"; ""; "$HOME"; "--"; "*" ]

        try
            let code, output, id = feed "given" link odd ("run" :: "a script.fsx" :: arguments)
            Assert.Equal(7, code)
            Assert.Equal($"%d{id}\n%A{arguments} given", output)
        finally
            for made in
                Directory.GetFiles(Path.Combine(root, "SimCLR.FSharp", "bin", "Release", "net10.0"), "a script-*") do
                File.Delete made)

[<Fact>]
let ``Blocks of any size stay in the heap, but not where the user says from which size on they are mapped`` () =
    inFolder (fun folder ->
        let script = Path.Combine(folder, "mapped.fsx")
        File.WriteAllText(script, "printf \"%s\" (System.Environment.GetEnvironmentVariable \"MALLOC_MMAP_MAX_\")\n")

        for threshold, expected in [ "", "0"; "1000000", "" ] do
            let chosen = [ "MALLOC_MMAP_MAX_", ""; "MALLOC_MMAP_THRESHOLD_", threshold ]
            Assert.Equal((0, expected, ""), startWith chosen folder [ "run"; script ] |> finish))

[<Fact>]
let ``Without dotnet on PATH it says what to install`` () =
    inFolder (fun folder ->
        for name in [ "bash"; "readlink"; "dirname" ] do
            let place =
                (Environment.GetEnvironmentVariable "PATH" |> nonNull).Split ':'
                |> Array.map (fun place -> Path.Combine(place, name))
                |> Array.find File.Exists

            File.CreateSymbolicLink(Path.Combine(folder, name), place) |> ignore

        let code, output, errors =
            startWith [ "PATH", folder ] folder [ "runs"; "list" ] |> finish

        Assert.Equal((1, ""), (code, output))
        Assert.StartsWith("simclr: the .NET SDK 10 is not on PATH. Install it", errors))

/// The program without the bash file, as on Windows.
let private dotnet (program: string) folder arguments =
    startProgram "dotnet" [ "SIMCLR_LAUNCHER", "" ] folder (program :: arguments)
    |> finish

[<Fact>]
let ``Started by dotnet it does the same, and says how it was started`` () =
    run root [ "--help" ] |> ignore

    inFolder (fun folder ->
        let code, output, _ = dotnet program folder [ "runs"; "--help" ]
        Assert.Equal(0, code)
        Assert.StartsWith("dotnet simclr runs VERB", output)
        let script = Path.Combine(root, "scripts", "temperature.fsx")
        let code, output, errors = dotnet program folder [ "run"; script; "--help" ]
        Assert.True((code = 0), errors)
        Assert.StartsWith($"USAGE: dotnet simclr run {script}", output)

        // As an installed tool: it lies in no clone, so that the current folder says which is meant.
        for ending in [ "dll"; "runtimeconfig.json" ] do
            File.Copy(Path.ChangeExtension(program, ending), Path.Combine(folder, $"SimCLR.Launcher.{ending}"))

        let tool = Path.Combine(folder, "SimCLR.Launcher.dll")
        let code, _, errors = dotnet tool folder [ "runs"; "list" ]
        Assert.Equal(1, code)
        Assert.Contains($"{folder} is in no clone of SimCLR.Research", errors)
        let code, _, errors = dotnet tool (Path.Combine(root, "docs")) [ "run"; "no.fsx" ]
        Assert.Equal(1, code)
        Assert.Contains("Those of this project: scripts/batch-epochs.fsx", errors))

/// A clone of what the launcher itself is built of.
let private inClone test =
    inFolder (fun folder ->
        let sources =
            Directory.CreateDirectory(Path.Combine(folder, "SimCLR.Launcher")).FullName

        for file in Directory.GetFiles(Path.Combine(root, "SimCLR.Launcher")) do
            File.Copy(file, Path.Combine(sources, Path.GetFileName file))

        for name in
            [
                "simclr"
                "global.json"
                "Directory.Build.props"
                "Directory.Build.targets"
                "SimCLR.Research.sln"
            ] do
            File.Copy(Path.Combine(root, name), Path.Combine(folder, name))

        test folder (fun arguments -> startProgram (Path.Combine(folder, "simclr")) [] folder arguments))

let private waiting = "Another start builds here; waiting for it ..."

[<Fact>]
[<Trait("group", "slow")>]
let ``Of two first starts one builds the launcher and the other waits, and it is built again for a newer source`` () =
    inClone (fun folder start ->
        let both = [ start [ "setup"; "--help" ]; start [ "setup"; "--help" ] ]
        let ended = both |> List.map finish

        for code, output, errors in ended do
            Assert.True((code = 0), errors)
            Assert.StartsWith("./simclr setup [--cuda]", output)

        Assert.Equal<string list>([ ""; waiting ], ended |> List.map (fun (_, _, errors) -> errors) |> List.sort)

        // A source that is wrong is told of.
        File.AppendAllText(Path.Combine(folder, "SimCLR.Launcher", "Program.cs"), "nonsense")
        let code, _, errors = start [ "setup"; "--help" ] |> finish
        Assert.Equal(1, code)
        Assert.Contains("Program.cs", errors)
        Assert.Contains("simclr: the launcher could not be built", errors))

[<Fact>]
[<Trait("group", "slow")>]
let ``Nothing is restored while another start does so, and what fails is shown with its output`` () =
    inClone (fun folder start ->
        start [ "--help" ] |> finish |> ignore

        let lock =
            new FileStream(
                Path.Combine(folder, ".simclr", "lock"),
                FileMode.Open,
                FileAccess.ReadWrite,
                FileShare.None
            )

        let build = start [ "build" ]
        Assert.True(build |> hears waiting)
        Threading.Thread.Sleep 500
        Assert.False build.Process.HasExited
        Assert.DoesNotContain("Restoring", String.Join("\n", build.Heard))
        lock.Dispose()
        let code, output, errors = finish build
        Assert.Equal((1, ""), (code, output))
        Assert.Contains("Restoring tools ...", errors)
        // There is no manifest of tools in this clone.
        Assert.Contains("dotnet-paket", errors)
        Assert.Contains("simclr: failed: dotnet paket restore", errors)
        Assert.EndsWith($"(the whole output is in {folder}/.simclr/log)", errors))

module SimCLR.FSharp.Tests.ScriptTests

open System
open System.Diagnostics
open System.IO
open System.Text.Json
open System.Text.RegularExpressions
open Xunit

/// The folder of the solution.
let private root =
    let rec up (folder: DirectoryInfo) =
        if File.Exists(Path.Combine(folder.FullName, "SimCLR.Research.sln")) then
            folder.FullName
        else
            up folder.Parent

    up (DirectoryInfo AppContext.BaseDirectory)

let private start (program: string) (arguments: string list) =
    let start =
        ProcessStartInfo(
            program,
            arguments,
            WorkingDirectory = root,
            RedirectStandardOutput = true,
            RedirectStandardError = true
        )

    use started = (Process.Start start)
    let errors = started.StandardError.ReadToEndAsync()
    let output = started.StandardOutput.ReadToEnd()
    started.WaitForExit()
    started.ExitCode, output + errors.Result

let private inFolder (folder: string) =
    Directory.GetFiles(Path.Combine(root, folder), "*.fsx")
    |> Array.sort
    |> List.ofArray

[<Fact>]
let ``Every script and notebook compiles without a warning`` () =
    let built =
        Path.Combine(root, "SimCLR.FSharp", "bin", "Release", "net10.0", "SimCLR.FSharp.dll")

    if not (File.Exists built) then
        Assert.Skip "scripts load the Release build; run ./simclr build first"

    let scripts = inFolder "scripts" @ inFolder "experiments/notebooks"
    Assert.True(scripts.Length > 10, "the scripts are not where they are looked for")
    let last = Path.Combine(Path.GetTempPath(), $"simclr-{Guid.NewGuid():N}.fsx")
    File.WriteAllText(last, "\n")

    try
        let loads = [ for script in scripts -> $"--load:{script}" ]

        let _, said =
            start "dotnet" ([ "fsi"; "--quiet"; "--typecheck-only" ] @ loads @ [ last ])

        Assert.False(Regex.IsMatch(said, "error|warning|info FS"), said)
    finally
        File.Delete last

[<Fact>]
let ``Every ablation says how it is run and what to expect`` () =
    for script in inFolder "scripts" do
        if not (List.contains (Path.GetFileName script) [ "load.fsx"; "notebook.fsx" ]) then
            let text = File.ReadAllText script
            Assert.Contains($"// COMMAND  ./simclr run scripts/{Path.GetFileName script}", text)
            Assert.Contains("// EXPECT ", text)

[<Fact>]
let ``A notebook is rendered with what it gives`` () =
    let _, version = start "dotnet" [ "fsdocs"; "--version" ]

    if not (version.StartsWith "fsdocs") then
        Assert.Skip "fsdocs is not restored; run ./simclr setup first"

    let code, said =
        start (Path.Combine(root, "simclr")) [ "notebooks"; "temperature-and-loss" ]

    Assert.True((code = 0), said)

    let file ending =
        Path.Combine(root, "results", "notebooks", "temperature-and-loss." + ending)

    let page = File.ReadAllText(file "html")
    // The Hessian of Rosenbrock's function at (-1.2, 1) times (1, 0): 2 - 400 (y - 3 x²) and -400 x.
    Assert.Contains("[|1330.0; 480.0|]", page)
    Assert.True(Regex.Count(page, "Plotly\\.newPlot\\('") >= 3, "the page has fewer than three plots")
    Assert.DoesNotContain("{{", Regex.Replace(page, "<script>.*?</script>", "", RegexOptions.Singleline))

    use notebook = JsonDocument.Parse(File.ReadAllText(file "ipynb"))

    let outputs =
        [
            for cell in notebook.RootElement.GetProperty("cells").EnumerateArray() do
                match cell.TryGetProperty "outputs" with
                | true, outputs -> outputs.GetArrayLength()
                | _ -> ()
        ]

    Assert.True(List.sum outputs >= 5, $"the notebook's cells have {outputs} outputs")

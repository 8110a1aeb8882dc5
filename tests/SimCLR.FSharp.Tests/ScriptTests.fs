module SimCLR.Tests.ScriptTests

open System
open System.Diagnostics
open System.IO
open System.Text.Json
open System.Text.RegularExpressions
open Xunit
open SimCLR.Tests

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

    // A script's packages are restored already; NuGet would ask for their vulnerabilities, and warn where there is no network.
    start.Environment["NuGetAudit"] <- "false"
    use started = (Process.Start start)
    let errors = started.StandardError.ReadToEndAsync()
    let output = started.StandardOutput.ReadToEnd()
    started.WaitForExit()
    started.ExitCode, output + errors.Result

let private inFolder (folder: string) =
    Directory.GetFiles(Path.Combine(root, folder), "*.fsx")
    |> Array.sort
    |> List.ofArray

/// The F# blocks of a page, each as a script that lies in a folder; what a block leaves out of its beginning is what every script begins with.
let private snippets (folder: string) (page: string) =
    [
        for i, block in
            Seq.indexed (
                Regex.Matches(
                    File.ReadAllText page,
                    "^```fsharp\n(.*?)^```",
                    RegexOptions.Multiline ||| RegexOptions.Singleline
                )
            ) do
            let load = "#load \"load.fsx\""
            // The first script of README lies in the folder of the clone.
            let code = block.Groups[1].Value.Replace("#load \"scripts/load.fsx\"", load)

            let whole =
                if code.Contains load then
                    code
                else
                    $"{load}\nopen SimCLR\nlet sweep = Sweep.fromArgs \"page\" []\n\n{code}"

            let file =
                Path.Combine(folder, $"{Path.GetFileNameWithoutExtension page}-{i + 1}.fsx")

            let absolute = Path.Combine(root, "scripts", "load.fsx")
            File.WriteAllText(file, whole.Replace(load, $"#load \"{absolute}\""))
            file
    ]

[<Fact>]
let ``Every script, notebook and F# block of README and docs compiles without a warning`` () =
    if not (File.Exists(Path.Combine(root, "SimCLR.FSharp", "bin", "newest.fsx"))) then
        Assert.Skip "scripts load the newest build; run ./simclr build first"

    let scripts = inFolder "scripts" @ inFolder "experiments/notebooks"
    Assert.True(scripts.Length > 10, "the scripts are not where they are looked for")

    Samples.withFolder (fun folder ->
        let last = Path.Combine(folder, "last.fsx")
        File.WriteAllText(last, "\n")

        let pages =
            Path.Combine(root, "README.md")
            :: List.ofArray (Directory.GetFiles(Path.Combine(root, "docs"), "*.md"))

        let snippets = pages |> List.collect (snippets folder)
        Assert.True(snippets.Length >= 3, "the pages' F# blocks are not found")
        let loads = [ for script in scripts @ snippets -> $"--load:{script}" ]

        let _, said =
            start "dotnet" ([ "fsi"; "--quiet"; "--typecheck-only" ] @ loads @ [ last ])

        Assert.False(Regex.IsMatch(said, "error|warning|info FS"), said))

[<Fact>]
let ``Every ablation says how it is run and what to expect`` () =
    for script in inFolder "scripts" do
        if not (List.contains (Path.GetFileName script) [ "load.fsx"; "notebook.fsx" ]) then
            let text = File.ReadAllText script
            Assert.Contains($"// COMMAND  ./simclr run scripts/{Path.GetFileName script}", text)
            Assert.Contains("// EXPECT ", text)

[<Fact>]
let ``The grids of all scripts have no problems with any preset`` () =
    let presets =
        ("Standard", [])
        :: [
            for preset in [ "Smoke"; "Cpu"; "Gpu"; "Paper" ] -> preset, [ "--preset"; preset.ToLowerInvariant() ]
        ]

    let sweeps =
        [
            for script in inFolder "scripts" do
                let text = File.ReadAllText script

                if Regex.IsMatch(text, @"\bSweep\.(run|main) ") then
                    script, text
        ]

    Assert.True(sweeps.Length > 10, "the sweeps are not where they are looked for")

    Samples.withFolder (fun folder ->
        let checks =
            [
                for script, text in sweeps do
                    for preset, asked in presets do
                        let name = $"{Path.GetFileNameWithoutExtension script}-{preset}"

                        let given =
                            asked @ [ "--dry-run" ]
                            |> List.map (fun word -> $"\"{word}\"")
                            |> String.concat "; "

                        let load = Path.Combine(root, "scripts", "load.fsx")

                        let check =
                            $"(fun (sweep: Sweep) grid -> printfn \"{name}: %%A, %%d runs %%A\" sweep.Preset (Grid.size grid) (Grid.problems grid)) "

                        let file = Path.Combine(folder, name + ".fsx")

                        File.WriteAllText(
                            file,
                            Regex
                                .Replace(text, @"\bSweep\.(run|main) ", check)
                                .Replace("Load.arguments", $"[ {given} ]")
                                .Replace("Load.shared", $"[ {given} ]")
                                .Replace("\"load.fsx\"", $"\"{load}\"")
                                .Replace("\"own/", $"\"{root}/scripts/own/")
                        )

                        name, preset, file
            ]

        let last = Path.Combine(folder, "last.fsx")
        File.WriteAllText(last, "\n")

        let _, said =
            start
                "dotnet"
                ([ "fsi"; "--quiet" ]
                 @ [ for _, _, file in checks -> $"--load:{file}" ]
                 @ [ last ])

        for name, preset, _ in checks do
            Assert.True(Regex.IsMatch(said, $@"(?m)^{name}: {preset}, \d+ runs \[\]$"), $"{name}: {said}"))

/// What a dry run says, which must have gone well: no number that is none, all runs counted, and an estimate at the end.
let private dryRun (script: string) (arguments: string list) =
    Launcher.inFolder (fun folder ->
        let code, output, errors =
            Launcher.run
                folder
                ([ "run"; script ]
                 @ arguments
                 @ [ "--dry-run"; "--out"; Path.Combine(folder, "out") ])

        let said = $"{script} {arguments}: exit code {code}\n{output}\n{errors}"
        Assert.True((code = 0), said)
        let runs = Regex.Count(output, @"(?m)^\[\d+/\d+\] [0-9a-f]{16}  ")
        Assert.True(runs > 0, said)

        let counted =
            Regex.Match(output, @"(?m)^(\d+) runs: (\d+) new, (?:(\d+) trained and to be measured, )?0 stored in ")

        let number (group: int) =
            if counted.Groups[group].Success then
                int counted.Groups[group].Value
            else
                0

        Assert.True((counted.Success && number 1 = runs && number 2 + number 3 = runs), said)

        Assert.True(
            Regex.IsMatch(
                output,
                @"Estimated: \d+(\.\d)? (s|min|h|days|years)(, \d+\.\d\d GPU hours)?( without further measurements)?\. Nothing was trained \(--dry-run\)\.\s*$"
            ),
            said
        )

        Assert.False(Regex.IsMatch(output, @"(?m)^(\[|Estimated).*(NaN|Infinity|∞| -\d)"), said)
        Assert.False(Directory.Exists(Path.Combine(folder, "out")), said)
        output)

[<Trait("group", "slow")>]
[<Fact>]
let ``The paper's preset has a plan on a processor and says what is unlike the paper`` () =
    Samples.withFolder (fun images ->
        for split, count in [ "train", 1024; "test", 20 ] do
            for number in 1..count do
                let path = Path.Combine(images, split, $"class{number % 2}", $"{number}.png")
                Samples.writeImage path (byte number, byte (number / 2), byte (number / 4))

        let script = Path.Combine(root, "scripts", "temperature.fsx")

        let said =
            dryRun script [ "--preset"; "paper"; "--data"; $"folder:{images}"; "--size"; "32" ]

        Assert.Contains("Not as in paperCifar10", said))

[<Trait("group", "slow")>]
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

[<Fact>]
let ``The site has every page of docs, once`` () =
    let listed =
        [
            for line in File.ReadAllLines(Path.Combine(root, "docs", "contents")) do
                yield! (line.Split(':')[1]).Split(' ', StringSplitOptions.RemoveEmptyEntries)
        ]

    let pages =
        [
            for page in Directory.GetFiles(Path.Combine(root, "docs"), "*.md") -> Path.GetFileNameWithoutExtension page
        ]

    Assert.Equal<string list>(List.sort ("index" :: pages), List.sort listed)

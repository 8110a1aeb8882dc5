module SimCLR.Tests.JupyterTests

open System
open System.Diagnostics
open System.IO
open System.Text.Json
open SimCLR.Tests
open Xunit

let private start (folder: string) (program: string) (arguments: string list) =
    let start =
        ProcessStartInfo(
            program,
            arguments,
            WorkingDirectory = folder,
            RedirectStandardOutput = true,
            RedirectStandardError = true
        )

    start.Environment["JUPYTER_PATH"] <- folder

    try
        use started = Process.Start start
        let errors = started.StandardError.ReadToEndAsync()
        let output = started.StandardOutput.ReadToEnd()
        started.WaitForExit()
        started.ExitCode, output + errors.Result
    with :? ComponentModel.Win32Exception as error ->
        -1, error.Message

/// A notebook of those cells.
let private notebook (cells: string list) =
    let cell (source: string) =
        {|
            cell_type = "code"
            execution_count = Nullable<int>()
            metadata = obj ()
            outputs = Array.empty<obj>
            source = source
        |}

    JsonSerializer.Serialize
        {|
            cells = List.map cell cells
            metadata =
                {|
                    kernelspec =
                        {|
                            name = ".net-fsharp"
                            display_name = ".NET (F#)"
                            language = "F#"
                        |}
                |}
            nbformat = 4
            nbformat_minor = 4
        |}

/// What each cell of an executed notebook shows as HTML, and what it says otherwise: errors.
let private outputs (path: string) =
    use document = JsonDocument.Parse(File.ReadAllText path)

    let text (value: JsonElement) =
        if value.ValueKind = JsonValueKind.Array then
            value.EnumerateArray() |> Seq.map string |> String.concat ""
        else
            string value

    [
        for cell in document.RootElement.GetProperty("cells").EnumerateArray() do
            let html, said =
                [
                    for output in cell.GetProperty("outputs").EnumerateArray() do
                        match output.TryGetProperty "data" with
                        | true, data ->
                            match data.TryGetProperty "text/html" with
                            | true, html -> Choice1Of2(text html)
                            | _ -> ()
                        | _ -> Choice2Of2(string output)
                ]
                |> List.partition _.IsChoice1Of2

            let all =
                List.map (function
                    | Choice1Of2 text
                    | Choice2Of2 text -> text)
                >> String.concat "\n"

            all html, all said
    ]

/// Runs a notebook in the .NET kernel of Jupyter, which is put into a folder; what its cells show.
let private inJupyter folder (cells: string list) =
    let python = "/usr/bin/python3"

    match start folder python [ "-m"; "nbconvert"; "--version" ] with
    | 0, _ -> ()
    | _ ->
        Assert.Skip
            "Jupyter is not here; apt-get install python3-nbconvert python3-jupyter-client brings what this test needs"

    match start folder (Path.Combine(Launcher.root, "simclr")) [ "jupyter"; folder ] with
    | 0, _ -> ()
    | _, said when said.Contains "Microsoft.dotnet-interactive" ->
        Assert.Skip $"the .NET kernel of Jupyter cannot be restored: {said}"
    | _, said -> Assert.Fail said

    File.WriteAllText(Path.Combine(folder, "cells.ipynb"), notebook cells)

    let code, said =
        start
            folder
            python
            [
                "-m"
                "nbconvert"
                "--to"
                "notebook"
                "--execute"
                "--allow-errors"
                "--ExecutePreprocessor.timeout=300"
                "--output"
                "executed"
                "cells.ipynb"
            ]

    Assert.True((code = 0), said)
    outputs (Path.Combine(folder, "executed.ipynb"))

[<Trait("group", "slow")>]
[<Fact>]
let Values_show_themselves_in_Jupyter () =
    Samples.withFolder (fun folder ->
        let load = Path.Combine(Launcher.root, "scripts", "notebook.fsx")
        let store = Path.Combine(folder, "store")

        let shown =
            inJupyter
                folder
                [
                    $"#load \"{load}\"\nopen System.Threading\nopen SimCLR"
                    "let run =\n    { Run.shapes with\n        Images = { Source = ImageSource.Shapes { Train = 60; Test = 40; Size = 32 }; TrainLimit = None }\n        BatchSize = 20\n        Epochs = 2\n        Schedule = Schedule.cosine 0.0\n    }\nrun"
                    "run.ViewA"
                    "let grid = Grid.from run |> Grid.vary \"temperature\" Run.withTemperature [ 0.1; 0.5 ]\ngrid"
                    $"let results = grid |> Execution.execute CancellationToken.None (Notebook.executor |> Executor.storeIn @\"{store}\")\nresults"
                    "results |> Results.outcomes |> List.head |> snd"
                    "Plot.curves \"temperature\" results"
                ]

        Assert.Equal("", shown |> List.map snd |> String.concat "")

        match List.map fst shown with
        | [ _; run; view; grid; results; outcome; chart ] ->
            Assert.Contains("Encoder = Encoder.SmallConv", run)
            Assert.Contains("data:image/png;base64,", view)
            Assert.Contains("<th>temperature</th><th>run</th>", grid)
            Assert.Contains("<th>temperature</th>", results)
            // The first charts bring the library along, and no others.
            Assert.Contains("plotly.js v", results)
            Assert.Contains("contrastive top-1", outcome)

            for page in [ results; outcome; chart ] do
                Assert.Contains("Plotly.newPlot", page)

            for page in [ run; view; grid; outcome; chart ] do
                Assert.DoesNotContain("plotly.js v", page)
        | other -> Assert.Fail $"{other.Length} cells")

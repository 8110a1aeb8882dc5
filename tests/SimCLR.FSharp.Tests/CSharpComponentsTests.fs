/// Components that a C# project defines.
[<Xunit.Collection "alone">]
module SimCLR.Tests.CSharpComponentsTests

open System.IO
open System.Text.RegularExpressions
open SimCLR
open SimCLR.CSharp.Components
open SimCLR.Tests.Samples
open Xunit

let private run =
    tiny
    |> Run.withLoss (Own.DistanceOf 2.0)
    |> Run.withEncoder (Own.StridedOf 12.0)

[<Fact>]
let ``A loss and an encoder of a C# project are values as others are`` () =
    Assert.Equal(Ok run, Run.ofJson (Run.toJson run))
    Assert.Contains(("Loss.Settings.weight", "2"), Run.paths run)
    Assert.Contains(("Encoder.Settings.dropout", "0.25"), Run.paths run)
    Assert.Empty(Run.problems run)

[<Fact>]
let ``A loss and an encoder of a C# project are checked, trained with, and their source is remembered`` () =
    Samples.withFolder (fun folder ->
        let here = executor folder
        Assert.Empty(Executor.problems (Grid.from run) here)
        let outcome = here |> Execution.run run
        Assert.Empty outcome.Failures
        Assert.Equal(8L, outcome.Steps)
        // By its seed alone.
        let again = executor (Path.Combine(folder, "again")) |> Execution.run run
        Assert.Equal(withoutSpeed outcome, withoutSpeed again)

        let sources =
            [
                for source in (Store.tryProvenance run here.Store).Value.Custom ->
                    source.Kind, source.Name, source.File
            ]

        Assert.Equal<(string * string * string) list>(
            [ "encoder", "csharp-strided", "Own.cs"; "loss", "csharp-distance", "Own.cs" ],
            List.sort sources
        ))

[<Fact>]
let ``A head and a method of a C# project are checked and trained with`` () =
    let run =
        tiny |> Run.withHead (Own.SmoothOf 8.0) |> Run.withMethod (Own.FollowingBy 0.9)

    Assert.Equal(Ok run, Run.ofJson (Run.toJson run))
    Assert.Contains(("Head.Custom.Settings.output", "8"), Run.paths run)
    Assert.Contains(("Method.Settings.momentum", "0.9"), Run.paths run)
    Assert.Empty(Run.problems run)

    Samples.withFolder (fun folder ->
        let here = executor folder
        Assert.Empty(Executor.problems (Grid.from run) here)
        let outcome = here |> Execution.run run
        Assert.Empty outcome.Failures
        let losses = outcome.Curve |> List.map (fun point -> point.Figures["loss"])
        // ln of the batch in both directions, where nothing is known.
        Assert.InRange(losses.Head, log (float run.BatchSize), 3.0 * log (float run.BatchSize))

        let sources =
            [
                for source in (Store.tryProvenance run here.Store).Value.Custom ->
                    source.Kind, source.Name, source.File
            ]

        Assert.Equal<(string * string * string) list>(
            [ "head", "csharp-smooth", "Own.cs"; "method", "csharp-follower", "Own.cs" ],
            List.sort sources
        ))

[<Fact>]
let ``What the page shows of C# stands in the project that is built`` () =
    let words (text: string) = Regex.Replace(text, @"\s+", " ").Trim()

    let read path =
        File.ReadAllText(Path.Combine(Launcher.root, path))

    let blocks =
        Regex.Matches(
            read "docs/extend.md",
            "^```csharp\n(.*?)^```",
            RegexOptions.Multiline ||| RegexOptions.Singleline
        )

    Assert.Equal(3, blocks.Count)

    let source =
        words (
            read "tests/SimCLR.CSharp.Components/Own.cs"
            + read "tests/SimCLR.CSharp.Components/Follower.cs"
        )

    for block in blocks do
        for part in block.Groups[1].Value.Split "\n\n" do
            Assert.Contains(words part, source)

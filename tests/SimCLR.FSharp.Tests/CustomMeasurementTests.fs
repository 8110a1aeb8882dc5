/// Measurements of one's own, from their definition to a figure in a table.
module SimCLR.Tests.CustomMeasurementTests

open System
open System.IO
open System.Threading
open SimCLR
open SimCLR.Tests.Samples
open TorchSharp
open Xunit

/// How often the nearest training image, by the largest inner product, is of the test image's class.
let private nearest =
    Measurement.OfFeatures(
        "test-nearest",
        1,
        [ "images", 40.0 ],
        [ "top-1", FigureUnit.Share; "images", FigureUnit.Plain ],
        (fun s train test ->
            let known, labels = train.Rows |> Array.truncate (s.Whole "images"), train.Labels

            let dot (a: float32[]) (b: float32[]) =
                Array.fold2 (fun sum x y -> sum + float x * float y) 0.0 a b

            let isRight i =
                let row = test.Row i

                let best =
                    known |> Array.mapi (fun j other -> dot row other, j) |> Array.maxBy fst |> snd

                labels[best] = test.Labels[i]

            let right = Seq.init test.Count id |> Seq.filter isRight |> Seq.length
            [ "top-1", float right / float test.Count; "images", float train.Count ]),
        needsLabels = true
    )

/// The mean of all numbers of h, from the networks themselves.
let private mean =
    Measurement.Define(
        "test-mean",
        1,
        [],
        [ "h", FigureUnit.Plain ],
        fun _ pretrained -> [ "h", pretrained.TestFeatures().H.mean().ToDouble() ]
    )

let private sizes =
    Measurement.OfFeatures(
        "test-sizes",
        1,
        [],
        [
            "length", FigureUnit.Plain
            "mean", FigureUnit.Nats
            "sometimes", FigureUnit.Share
        ],
        fun _ train test ->
            [
                "length", float train.Size
                "mean", test.Rows |> Array.averageBy (Array.averageBy float)
            ]
    )

[<Fact>]
let ``Figures of one's own have name and unit, are stored, and cost no training when they are added`` () =
    Samples.withFolder (fun folder ->
        let here = executor folder
        let plain = here |> Execution.run tiny
        let run = tiny |> Samples.measuring [ nearest []; mean []; sizes [] ]
        let outcome = here |> Execution.run run
        Assert.Equal<CurvePoint list>(plain.Curve, outcome.Curve)

        let figure name =
            outcome.Figures |> List.find (fun figure -> figure.FullName = name)

        let top1 = figure "test-nearest top-1"
        Assert.Equal(FigureUnit.Share, top1.Unit)
        Assert.InRange(top1.Value, 0.0, 1.0)
        Assert.Equal(20.0 * top1.Value, round (20.0 * top1.Value), 1e-9)
        Assert.Equal(40.0, (figure "test-nearest images").Value)
        let metric = Metric.measured (nearest []) "top-1"
        Assert.Equal((top1.Value, "%"), (metric.Get outcome, metric.Unit))
        Assert.Equal("nats", (Metric.measured (sizes []) "mean").Unit)
        Assert.True(Double.IsNaN((Metric.measured (sizes []) "sometimes").Get outcome))
        Assert.Equal(16.0, (figure "test-sizes length").Value)
        // Both see the same.
        Assert.Equal((figure "test-mean h").Value, (figure "test-sizes mean").Value, 1e-6)

        let provenance =
            Directory.GetFiles(folder, "provenance.json", SearchOption.AllDirectories)
            |> Array.filter (fun path -> (File.ReadAllText path).Contains "\"Kind\": \"measurement\"")

        Assert.Equal(3, provenance.Length)
        Assert.True((Execution.execute CancellationToken.None here (Grid.from run)).Cells[0].Stored))

[<Fact>]
let ``A measurement of another source is told of, and the training behind it is not`` () =
    Samples.withFolder (fun folder ->
        let path = Path.Combine(folder, "mine.fsx")

        let define () =
            Measurement.OfFeatures(
                "sourced",
                1,
                [],
                [ "count", FigureUnit.Plain ],
                (fun _ train _ -> [ "count", float train.Count ]),
                source = path
            )

        File.WriteAllText(path, "first")
        let run = tiny |> Samples.measuring [ define () [] ]
        let here = executor folder
        here |> Execution.run run |> ignore
        File.WriteAllText(path, "second")
        define () |> ignore
        Assert.Contains("The custom measurement 'sourced'", Assert.Single(Executor.problems (Grid.from run) here))
        Assert.Empty(Executor.problems (Grid.from tiny) here)
        Assert.Empty(Executor.problems (Grid.from run) { here with TrustCustom = true }))

[<Fact>]
let ``One that fails is a failure of its own, and is tried again when its source has changed`` () =
    Samples.withFolder (fun folder ->
        let path = Path.Combine(folder, "mine.fsx")

        let define fails =
            Measurement.OfFeatures(
                "failing",
                1,
                [],
                [ "count", FigureUnit.Plain ],
                (fun _ train _ ->
                    if fails && train.Count > 12 then
                        failwith "not yet"

                    [ "count", float train.Count ]),
                source = path
            )

        File.WriteAllText(path, "first")
        let run = tiny |> Samples.measuring [ define true [] ]
        let here = executor folder
        let failed = here |> Execution.run run
        Assert.Equal<string list>([ "failing" ], List.map fst failed.Failures)
        File.WriteAllText(path, "second")
        define false |> ignore
        let outcome = here |> Execution.run run
        Assert.Empty outcome.Failures
        Assert.Equal<CurvePoint list>(failed.Curve, outcome.Curve))

[<Fact>]
let ``What a measurement raises of its own is stored with its message, and not taken again`` () =
    Samples.withFolder (fun folder ->
        let taken = ref 0

        let define name (give: FeatureTable -> float) =
            Measurement.OfFeatures(
                name,
                1,
                [],
                [ "x", FigureUnit.Plain ],
                fun _ train _ ->
                    taken.Value <- taken.Value + 1
                    [ "x", (if train.Count > 12 then give train else 1.0) ]
            )

        let ofNetworks =
            Measurement.Define("m-networks", 1, [], [ "x", FigureUnit.Plain ], (fun _ _ -> [ "y", 1.0 ]))

        let run =
            tiny
            |> Samples.measuring
                [
                    define "m-nan-later" (fun _ -> nan) []
                    define "m-empty-later" (fun _ -> List.average []) []
                    ofNetworks []
                ]

        let here = executor folder
        let failed = here |> Execution.run run
        let before = taken.Value

        for label, reason, detail in
            [
                "m-nan-later", "raised WrongValueException", "The measurement 'm-nan-later' gives NaN for 'x'."
                "m-empty-later", "raised ArgumentException", "The input sequence was empty."
                "m-networks", "raised WrongValueException", "gives the figure 'y'"
            ] do
            let failure = failed.Failures |> List.find (fst >> (=) label) |> snd
            Assert.Equal(reason, failure.Reason)
            Assert.Contains(detail, failure.Detail)

        let again =
            Assert.Single((Execution.execute CancellationToken.None here (Grid.from run)).Cells)

        Assert.True again.Stored
        // Each was tried on random features before, and taken of none.
        Assert.Equal(before + 2, taken.Value)

        match again.Result with
        | Ok outcome -> Assert.Equal<(string * Failure) list>(failed.Failures, outcome.Failures)
        | Error failure -> Assert.Fail failure.Detail)

let private problems measurement =
    Samples.withFolder (fun folder ->
        Executor.problems (Grid.from (tiny |> Samples.measuring [ measurement ])) (executor folder))

[<Fact>]
let ``What a measurement does wrong is said before anything is trained`` () =
    let define name measure =
        Measurement.OfFeatures(name, 1, [], [ "x", FigureUnit.Plain ], Func<_, _, _, _> measure)

    let wrong =
        [
            "gives no figure", define "m-none" (fun _ _ _ -> [])
            "gives NaN for 'x'", define "m-nan" (fun _ _ _ -> [ "x", nan ])
            "'x' 2 times", define "m-twice" (fun _ _ _ -> [ "x", 1.0; "x", 2.0 ])
            "gives the figure 'y', but is defined with 'x'", define "m-other" (fun _ _ _ -> [ "y", 1.0 ])
            "needsLabels = true", define "m-labels" (fun _ train _ -> [ "x", float train.Labels[0] ])
        ]

    for expected, measurement in wrong do
        Assert.Contains(expected, Assert.Single(problems (measurement [])))

    Assert.Empty(problems (nearest []))

    let nothing =
        Assert.Throws<WrongValueException>(fun () ->
            Measurement.OfFeatures("m-undefined", 1, [], [], (fun _ _ _ -> [])) |> ignore)

    Assert.Contains("defined without figures", nothing.Message)

[<Fact>]
let ``Only one that needs labels is left out where there are none`` () =
    Assert.True(Measurement.needsLabels (nearest []))
    Assert.False(Measurement.needsLabels (sizes []))
    Assert.Equal("test-sizes", Measurement.label (sizes []))
    let run = tiny |> Samples.measuring [ nearest [ "images", 10.0 ] ]
    Assert.Equal(Ok run, Run.ofJson (Run.toJson run))
    Assert.Empty(Run.problems run)

[<Trait("group", "slow")>]
[<Fact>]
let ``The example of a measurement of one's own runs with workers and stands in the table`` () =
    Launcher.inFolder (fun folder ->
        let script = Path.Combine(Launcher.root, "scripts", "own-measurement.fsx")

        let code, output, errors =
            Launcher.run folder [ "run"; script; "--preset"; "smoke"; "--limit"; "256"; "--workers"; "2" ]

        Assert.True((code = 0), errors)
        Assert.Contains("participation", output)

        let _, outcome =
            (Store.all failwith (Store.ofFolder (Path.Combine(folder, "results", "runs")))).Head

        let ratio =
            outcome.Figures
            |> List.find (fun figure -> figure.FullName = "participation ratio")

        Assert.InRange(ratio.Value, 1.0, 128.0))

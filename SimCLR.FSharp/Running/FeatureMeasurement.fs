namespace SimCLR

open System
open SimCLR.Core.Evaluation
open TorchSharp

/// What the function of a custom measurement has raised.
[<Sealed>]
type internal MeasureException(error: exn) =
    inherit Exception(error.Message, error)

    /// What it has raised.
    member _.Raised = error

/// Figures of a custom measurement: what it says that it gives, and what it gives.
[<RequireQualifiedAccess>]
module internal GivenFigures =

    let private quoted names =
        names |> Seq.map (fun name -> $"'{name}'") |> String.concat ", "

    /// Fails where the figures that are defined are none, or not named apart.
    let checkDefined owner (defined: (string * FigureUnit) list) =
        if defined.IsEmpty then
            wrongValue
                $"The measurement '{owner}' is defined without figures; give names and units, for example [ \"top-1\", FigureUnit.Share ]."

        for name, count in defined |> List.countBy fst do
            if String.IsNullOrWhiteSpace name then
                wrongValue $"The measurement '{owner}' has a figure without a name."

            if count > 1 then
                wrongValue
                    $"The measurement '{owner}' has the figure '{name}' {count} times; give each a name of its own."

    let private unitOf =
        function
        | FigureUnit.Plain -> Core.Training.FigureUnit.Plain
        | FigureUnit.Share -> Core.Training.FigureUnit.Share
        | FigureUnit.Nats -> Core.Training.FigureUnit.Nats

    /// The figures as they are stored. Fails where there is none, one is no number, or one is not defined or given twice.
    let check owner (defined: (string * FigureUnit) list) (given: (string * float) list) =
        if given.IsEmpty then
            wrongValue $"The measurement '{owner}' gives no figure; it is defined with {quoted (List.map fst defined)}."

        for name, count in given |> List.countBy fst do
            if count > 1 then
                wrongValue $"The measurement '{owner}' gives the figure '{name}' {count} times."

        [|
            for name, value in given do
                match defined |> List.tryFind (fst >> (=) name) with
                | None ->
                    wrongValue
                        $"The measurement '{owner}' gives the figure '{name}', but is defined with {quoted (List.map fst defined)}."
                | Some _ when not (Double.IsFinite value) ->
                    wrongValue $"The measurement '{owner}' gives {value} for '{name}'."
                | Some(_, unit) -> Core.Training.Figure(name, value, unitOf unit)
        |]

    /// The figures that a function gives. Its ArgumentException is no word on whether the run fits the data, and is marked as its own.
    let take owner defined (give: unit -> (string * float) list) =
        try
            check owner defined (give ())
        with :? ArgumentException as error ->
            raise (MeasureException error)

/// A measurement that is a function of features.
[<Sealed>]
type internal FeatureMeasurement
    (name: string, defined, needsLabels: bool, figures: FeatureTable -> FeatureTable -> (string * float) list) =

    let measured (train: Features) (test: Features) =
        use _scope = torch.NewDisposeScope()
        let table = FeatureTable.ofFeatures name needsLabels
        GivenFigures.take name defined (fun () -> figures (table train) (table test))

    /// What it does wrong, in words, tried on random features: twelve to train on, six to test, four numbers each, three classes.
    member _.Problems() =
        use _scope = torch.NewDisposeScope()
        use generator = new torch.Generator(1UL)

        let features (count: int64) =
            torch.randn (count, 4L, generator = generator), torch.arange(count).remainder(torch.tensor 3L)

        try
            let (h, labels), (hTest, labelsTest) = features 12L, features 6L

            measured (new TrainFeatures(h, labels, 3)) (new TestFeatures(hTest, labelsTest, 3))
            |> ignore

            []
        with error when not (error :? OutOfMemoryException) ->
            [ $"it fails on twelve features of four numbers: {error.Message.Trim()}" ]

    interface IValidationMeasurement with
        member _.Measure validation =
            measured (validation.Fit()) (validation.HeldOut())

    interface IMeasurement with
        member _.Measure pretrained =
            measured (pretrained.TrainFeatures()) (pretrained.TestFeatures())

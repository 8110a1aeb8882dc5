/// What of a store's runs a terminal shows.
module internal SimCLR.RunsShowing

open System
open System.IO

/// Rows under each other, the columns as wide as they must be.
let private aligned (rows: string list list) =
    let widths =
        rows |> List.map (List.map String.length) |> List.reduce (List.map2 max)

    for row in rows do
        let cells =
            List.map2 (fun (cell: string) (width: int) -> cell.PadRight width) row widths

        printfn "%s" ((String.concat "  " cells).TrimEnd())

/// The same with a header and rules, where the output is a terminal.
let private tabulated (rows: string list list) =
    let console = Terminal.output ()

    if Terminal.isLive console then
        rows.Tail
        |> List.map (List.map TableCell.Text)
        |> Table.make "Runs" rows.Head
        |> ConsoleTable.write console
    else
        aligned rows

let private percent (text: string option) =
    match text |> Option.bind RunsSearch.number with
    | Some share -> Statistics.percent share
    | None -> "–"

/// Paths whose values differ among the rows, with the values. Those that differ in the same way, as in both views, are shown once.
let private differences (table: RunTable) (rows: int list) =
    [
        for path in table.Paths do
            let values =
                [ for row in rows -> table.TryFind(row, path) |> Option.defaultValue "" ]

            if values |> List.exists ((<>) values.Head) then
                path, values
    ]
    |> List.distinctBy snd

let private sorted (table: RunTable) name (rows: int list) =
    let key row =
        match table.TryFind(row, name) with
        | None -> 2, 0.0, ""
        | Some value ->
            match RunsSearch.number value with
            | Some number -> 0, -number, ""
            | None -> 1, 0.0, value

    List.sortBy key rows

/// A line per run that fits all conditions.
let list (where: RunsSearch.Condition list) (sort: string option) store =
    let table = RunTable(StoredRun.all (eprintfn "%s") store)

    for condition in where do
        RunsSearch.checkColumn "--where" table.Columns condition.Column

    sort |> Option.iter (RunsSearch.checkColumn "--sort" table.Columns)

    let rows =
        table.Rows
        |> List.filter (fun row -> where |> List.forall (RunsSearch.holds (fun name -> table.TryFind(row, name))))

    let rows = sort |> Option.fold (fun rows name -> sorted table name rows) rows

    if not rows.IsEmpty then
        let column name show =
            [ for row in rows -> table.TryFind(row, name) |> show ]

        let text = Option.defaultValue "–"

        [
            "run", column "hash" text
            "training", column "training" text
            yield! differences table rows
            "validation %", column "linear validation top-1" percent
            "test %", column "linear top-1" percent
            "k-NN %", column "k-NN top-1" percent
            "date", column "date" text
        ]
        |> List.map (fun (name, values) -> name :: values)
        |> List.transpose
        |> tabulated

    let unfinished =
        StoreListing.trainings store
        |> Array.filter (fun folder -> Array.isEmpty (StoreListing.runFiles folder))

    let unfinished =
        if unfinished.Length = 0 then
            ""
        else
            $" {unfinished.Length} more trainings have no run that was taken to its end."

    printfn $"{rows.Length} runs in {store.Folder}.{unfinished}"

let private number (x: float) = $"{x:G6}"

let private figure (figure: Figure) =
    [
        figure.FullName
        (match figure.Unit with
         | FigureUnit.Share -> $"{100.0 * figure.Value:F2} %%"
         | FigureUnit.Nats -> $"{number figure.Value} nats"
         | FigureUnit.Plain -> number figure.Value)
    ]

let private provenance (provenance: Provenance) =
    [
        [ "commit"; provenance.Commit ]
        [ "script's commit"; provenance.ScriptCommit ]
        [ "versions"; provenance.Versions ]
        [ "machine"; provenance.Machine ]
        [
            "device"
            $"{provenance.Device}, {provenance.Precision}, {provenance.Threads} threads"
        ]
        [
            "energy"
            $"{provenance.Energy.WattHours:F1} Wh ({provenance.Energy.Method})"
        ]
        [ "date"; StoredRun.date provenance.Date ]
        for weights in Option.toList provenance.InitialWeights do
            [ "began with"; weights ]
        for segment in provenance.Segments do
            let setting =
                segment.Setting
                |> Map.toSeq
                |> Seq.map (fun (name, value) -> $"{name} {value}")
                |> String.concat ", "

            [ $"from step {segment.FromStep}"; setting ]
    ]

let private section title rows =
    if not (List.isEmpty rows) then
        printfn $"\n{title}"
        rows |> List.map (fun row -> "  " + List.head row :: List.tail row) |> aligned

let private showRun store file =
    let run =
        StoredRun.read (eprintfn "%s") store file
        |> Option.defaultWith (fun () -> CommandLine.fail $"{file} cannot be read.")

    printfn $"run {run.Hash}, training {run.TrainingHash}, in {Store.folderOf run.Run store}\n"
    printfn "%s" (Run.toCode run.Run)
    section "Figures" (run.Outcome.Figures |> List.map figure)

    section
        "Failures"
        [
            for label, failure in run.Outcome.Failures -> [ label; failure.Reason; failure.Detail ]
        ]

    section "Executed" (run.Provenance |> Option.map provenance |> Option.defaultValue [])

/// A training whose run is not at its end, or which several share.
let private showTraining (folder: string) =
    printfn $"training {Path.GetFileName folder}, in {folder}\n"
    let code = Path.Combine(folder, "training.fsx")

    if File.Exists code then
        printfn "%s" ((File.ReadAllText code).TrimEnd())

    section
        "Runs"
        [
            for file in StoreListing.runFiles folder -> [ Path.GetFileNameWithoutExtension file ]
        ]

    match StoredTraining.failureIn folder with
    | Some failure -> section "Failure" [ [ failure.Reason; failure.Detail ] ]
    | None -> ()

/// Code, figures, failures and circumstances of what a hash names.
let show store hash =
    match RunsSearch.find store hash with
    | RunsSearch.Named.Run(_, file) -> showRun store file
    | RunsSearch.Named.Training folder -> showTraining folder

let private figuresOf (run: StoredRun) =
    Map [ for figure in run.Outcome.Figures -> figure.FullName, figure.Value ]

/// Figures that differ, with both values; NaN where there is none.
let private differingFigures a b =
    [
        for name in Seq.append (Map.keys a) (Map.keys b) |> Seq.distinct do
            let value figures =
                figures |> Map.tryFind name |> Option.defaultValue nan

            let x, y = value a, value b

            if not (x.Equals y) then
                name, x, y
    ]

/// In which choices two runs differ, and in which figures.
let diffRuns store first second =
    let find = RunsSearch.find store

    let read hash =
        match find hash with
        | RunsSearch.Named.Run(_, file) -> StoredRun.read (eprintfn "%s") store file
        | RunsSearch.Named.Training _ -> None
        |> Option.defaultWith (fun () -> CommandLine.fail $"'{hash}' is no run that was taken to its end.")

    let a, b = read first, read second
    section "Choices" [ for path, x, y in Run.diff a.Run b.Run -> [ path; x; y ] ]

    section
        "Figures"
        [
            for name, x, y in differingFigures (figuresOf a) (figuresOf b) -> [ name; number x; number y ]
        ]

/// Runs that only one of two stores has, and figures that differ in both. The exit code: 0 where there are none, else 1.
let diffStores (first: Store) (second: Store) =
    let read store = StoredRun.all (eprintfn "%s") store
    let others = Collections.Generic.Dictionary<string, Map<string, float>>()

    for run in read second do
        others[run.Hash] <- figuresOf run

    let mutable same, differing, missing = 0, 0, 0

    for run in read first do
        match others.TryGetValue run.Hash with
        | true, figures ->
            others.Remove run.Hash |> ignore

            match differingFigures (figuresOf run) figures with
            | [] -> same <- same + 1
            | differences ->
                differing <- differing + 1

                for name, x, y in differences do
                    printfn $"{run.Hash}  {name}  {number x}  {number y}"
        | _ ->
            missing <- missing + 1
            printfn $"{run.Hash}  only in {first.Folder}"

    for hash in others.Keys do
        printfn $"{hash}  only in {second.Folder}"

    printfn
        $"{same} runs have the same figures in both, {differing} have others, {missing} are only in the first, {others.Count} only in the second."

    if differing + missing + others.Count = 0 then 0 else 1

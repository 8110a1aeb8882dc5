namespace SimCLR

open System
open System.Globalization
open System.Text.RegularExpressions

/// What arguments change of a script's runs, by path.
type internal Overrides =
    {
        /// --set: path and value.
        Set: (string * string) list
        /// --vary: path and values.
        Vary: (string * string list) list
        /// Arguments with names of their own: the path of what each sets, and the argument as it was given.
        Named: (string * string) list
    }

/// Puts values of arguments into runs and grids, and refuses what would have no effect.
[<RequireQualifiedAccess>]
module internal Overrides =

    let private fail message = CommandLine.fail message

    /// What stands between commas that are in no brackets, braces or quotes: 0.1,0.5 or [1,2],[3].
    let values (text: string) =
        [
            for part in Regex.Matches(text, """(?:\[[^\]]*\]|\{(?:[^{}]|\{[^{}]*\})*\}|"[^"]*"|[^,])+""") ->
                part.Value.Trim()
        ]

    let isUnder (path: string) (leaf: string) =
        leaf = path || leaf.StartsWith $"{path}." || leaf.StartsWith $"{path}["

    /// What of a run stands at a path and below it.
    let private at path run =
        Run.paths run |> List.filter (fst >> isUnder path)

    /// Arguments by path, as they were given.
    let private given overrides =
        [
            for path, value in overrides.Set -> path, $"--set {path}={value}"
            for path, values in overrides.Vary -> path, $"--vary {path}=" + String.concat "," values
        ]

    let private change (path, value) run =
        Run.set path value run |> CommandLine.orFail

    /// The run with what --set gives; what another argument has changed of it before is a contradiction.
    let baseline overrides standard run =
        for _, several in given overrides |> List.groupBy fst do
            if several.Length > 1 then
                let arguments = several |> List.map snd |> String.concat " and "
                fail $"{arguments} set the same; use one of them."

        for path, value in overrides.Set do
            match overrides.Named |> List.tryFind (fst >> isUnder path) with
            | Some(_, argument) when at path standard <> at path run ->
                fail $"--set {path}={value} and {argument} set the same; use one of them."
            | _ -> ()

        overrides.Set |> List.fold (fun run pair -> change pair run) run

    /// The axes along which what stands at a path changes while all other coordinates stay.
    let private axesOf path (grid: Grid) =
        grid.Axes
        |> List.filter (fun axis ->
            grid.Cells
            |> List.groupBy (fun cell -> cell.Coordinates |> List.filter (fst >> (<>) axis))
            |> List.exists (fun (_, cells) ->
                cells |> List.distinctBy (fun cell -> at path cell.Run) |> List.length > 1))

    let private byWhom path grid =
        match axesOf path grid with
        | [] when grid.Axes.IsEmpty -> "the script"
        | [] -> "the script, on one of its axes (" + String.concat ", " grid.Axes + ")"
        | axes -> "the script's axis " + (axes |> List.map (sprintf "'%s'") |> String.concat ", ")

    let private checkSet overrides baseline (grid: Grid) =
        for path, value in overrides.Set do
            if grid.Cells |> List.exists (fun cell -> at path cell.Run <> at path baseline) then
                fail
                    $"--set {path}={value} has no effect: {byWhom path grid} sets {path} itself. Leave it out, or change the script."

    let private coordinate (text: string) =
        match Double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture) with
        | true, number -> AxisValue.Number number
        | _ -> AxisValue.Text text

    /// The last part of a path that no other leaf and no axis has, else all of it.
    let private axisName overrides (grid: Grid) (path: string) =
        let last (path: string) =
            path.Substring(path.LastIndexOf '.' + 1)

        let others =
            (grid.Cells |> List.collect (fun cell -> Run.paths cell.Run |> List.map fst))
            @ (overrides.Vary |> List.map fst)
            |> List.distinct
            |> List.filter (fun other -> other <> path && last other = last path)

        if
            others.IsEmpty
            && not (last path |> Seq.contains '[')
            && not (List.contains (last path) grid.Axes)
        then
            last path
        else
            path

    /// Seeds stay the innermost axis.
    let private seedsLast (grid: Grid) : Grid =
        let order key items =
            let seeds, others = items |> List.partition (key >> (=) Grid.SeedAxis)
            others @ seeds

        {
            Axes = order id grid.Axes
            Cells =
                [
                    for cell in grid.Cells ->
                        { cell with
                            Coordinates = order fst cell.Coordinates
                        }
                ]
        }

    /// The script's axis of one value that sets a path: its name is the path's, or the run has another value there than the baseline.
    let private axisOfOne (path: string) baseline (grid: Grid) =
        let last = path.Substring(path.LastIndexOf '.' + 1)

        let isOne axis =
            axis <> Grid.SeedAxis
            && (grid.Cells |> List.map (Results.coordinate axis) |> List.distinct |> List.length) = 1

        let isSet =
            grid.Cells |> List.forall (fun cell -> at path cell.Run <> at path baseline)

        grid.Axes
        |> List.filter isOne
        |> List.tryFind (fun axis -> isSet || String.Equals(axis, last, StringComparison.OrdinalIgnoreCase))

    let private vary overrides baseline (grid: Grid) (path: string, values: string list) =
        axisOfOne path baseline grid
        |> Option.iter (fun axis ->
            fail
                $"--vary {path} contradicts the script's axis '{axis}', which has one value and sets {path} too. Leave it out, or change the script.")

        let axis =
            {
                Name = axisName overrides grid path
                Points = [ for value in values -> coordinate value, change (path, value) ]
            }

        let varied = Grid.along axis grid |> seedsLast

        let distinct (grid: Grid) =
            Grid.runs grid |> List.distinctBy Run.hash |> List.length

        // A script's axis that is overridden leaves the same run at several of its coordinates.
        if distinct varied < distinct grid * values.Length then
            fail
                $"--vary {path} contradicts {byWhom path grid}, which sets {path} too. Leave it out, or change the script."

        varied

    /// Problems of the grid's runs: each once, with the argument that it is of, or with the coordinates of the cells that have it where
    /// that is not all of them.
    let problems overrides (grid: Grid) =
        let arguments = overrides.Named @ given overrides

        let found =
            [
                for cell in grid.Cells do
                    for problem in Run.problems cell.Run -> problem, cell
            ]
            |> List.groupBy fst

        [
            for problem, cells in found do
                let argument =
                    arguments
                    |> List.tryFind (fun (path, _) -> problem.StartsWith path)
                    |> Option.map snd

                match argument with
                | Some argument -> true, $"{argument}: {problem}"
                | None when cells.Length = grid.Cells.Length -> false, problem
                | None ->
                    let first = Grid.label (snd cells.Head)

                    let rest =
                        if cells.Length = 1 then
                            ""
                        else
                            $" and {cells.Length - 1} more"

                    false, $"{first}{rest}: {problem}"
        ]

    /// Fails where an argument has changed leaves of the default run, and no run of the script's grid has one of them.
    let checkEffects (changes: (string * (string * string) list) list) (grid: Grid) =
        let known =
            lazy
                (set
                    [
                        for cell in grid.Cells do
                            yield! Run.paths cell.Run
                    ])

        for argument, leaves in changes do
            if not leaves.IsEmpty && not (leaves |> List.exists known.Value.Contains) then
                fail
                    $"{argument} has no effect: the script sets {fst leaves.Head} itself. Leave it out, or change the script."

    /// The script's grid with an axis for each --vary. Raises ArgumentException where an argument has no effect on it, or makes a run that
    /// cannot start.
    let apply overrides (baseline: Run) (grid: Grid) =
        checkSet overrides baseline grid
        let grid = overrides.Vary |> List.fold (vary overrides baseline) grid
        let found = problems overrides grid

        if found |> List.exists fst then
            found
            |> List.map snd
            |> List.distinct
            |> String.concat Environment.NewLine
            |> fail

        grid

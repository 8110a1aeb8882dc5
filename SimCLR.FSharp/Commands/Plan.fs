namespace SimCLR

open System
open System.Diagnostics
open SimCLR.Core.Images
open SimCLR.Core.Training
open TorchSharp

/// What a grid would do, and what it would cost.
[<RequireQualifiedAccess>]
module Plan =

    /// "42 s", "5 min", "3.2 h", "12 days" or "7.3 years".
    let duration (seconds: float) =
        let hours = seconds / 3600.0
        let days = hours / 24.0

        if seconds < 90.0 then $"{seconds:F0} s"
        elif seconds < 5400.0 then $"{seconds / 60.0:F0} min"
        elif hours < 72.0 then $"{hours:F1} h"
        elif days < 730.0 then $"{days:F0} days"
        else $"{days / 365.25:F1} years"

    /// The same, and on a GPU in its hours.
    let hours (executor: Executor) (seconds: float) =
        if (Device.resolve executor.Device).``type`` = DeviceType.CPU then
            duration seconds
        else
            $"{duration seconds}, {seconds / 3600.0:F2} GPU hours"

    /// What is to be done for the cells of a grid, in order: what an earlier one trains is there for those after it. None for those that are known.
    let private works (grid: Grid) executor : (Cell * Remaining.Work option) list =
        let trained = Collections.Generic.HashSet<string>()

        [
            for cell in grid.Cells do
                if Executor.isKnown executor cell.Run then
                    cell, None
                else
                    match Remaining.work executor cell.Run with
                    | Remaining.Work.Train _ when not (trained.Add(Run.trainingHash cell.Run)) ->
                        cell, Some Remaining.Work.Measure
                    | work -> cell, Some work
        ]

    let private todo (works: (Cell * Remaining.Work option) list) =
        [
            for cell, work in works do
                match work with
                | Some work -> cell.Run, work
                | None -> ()
        ]

    /// In words what is to be done, and seconds of it.
    let private cost splits run perImage work =
        let measuring = Cost.ofMeasuring splits run perImage

        match work with
        | Remaining.Work.Measure -> $"trained already, to be measured: {duration measuring}", measuring
        | Remaining.Work.Train(again, from) ->
            let steps, training = Cost.ofTraining splits run perImage from
            let time = training + measuring

            let what =
                match again, from with
                | true, 0L -> "trained again, as its encoder is not there any more: "
                | _, 0L -> ""
                | _ -> $"goes on from the checkpoint of step {from} of {steps}: "

            what + duration time, time

    /// What makes images of two runs cost the same, or, the first of both alone, about the same.
    let private kind run =
        (run.Images, Method.name run.Method, run.Encoder, run.Head, run.MoreViews, run.Precision),
        (run.ViewA, run.ViewB, run.BatchSize, run.MicroBatches)

    /// How long a plan measures; what is left then costs as much as the most expensive that was measured of about the same.
    let private measuringTime = TimeSpan.FromSeconds 30.0

    /// "4 runs: 2 new, 1 trained and to be measured, 1 stored in results/runs."
    let private counts (executor: Executor) works =
        let todo = todo works
        let measured = todo |> List.filter (snd >> _.IsMeasure) |> List.length

        let trained =
            if measured = 0 then
                ""
            else
                $"{measured} trained and to be measured, "

        $"{List.length works} runs: {todo.Length - measured} new, {trained}{works.Length - todo.Length} stored in {executor.Store.Folder}."

    /// A line per run, how many are to be computed, and the estimated seconds of them.
    let describe (grid: Grid) executor =
        Executor.check grid { executor with DryRun = true }
        let device = Device.resolve executor.Device
        let known = Collections.Generic.Dictionary<_, float>()
        let clock = Stopwatch.StartNew()

        // Of a hundred compositions of views not each is worth its half minute on a processor.
        let likely run =
            [
                for entry in known do
                    if clock.Elapsed > measuringTime && fst entry.Key = fst (kind run) then
                        entry.Value
            ]

        let perImage run splits =
            match known.TryGetValue(kind run), likely run with
            | (true, seconds), _ -> seconds
            | _, [] ->
                let seconds = Cost.perImage executor device splits run
                known[kind run] <- seconds
                seconds
            | _, seconds -> List.max seconds

        let works = works grid executor

        let cells =
            [
                for cell, work in works do
                    match work, Store.tryFailure cell.Run executor.Store with
                    | Some work, _ ->
                        let splits = Executor.load executor cell.Run
                        cell, cost splits cell.Run (perImage cell.Run splits) work
                    | None, Some failure ->
                        let again =
                            if Failing.isOfCollapse failure then
                                "--continue-collapsed trains it on"
                            else
                                "--retry-failed computes it again"

                        cell, ($"has failed, {failure.Reason}; {again}", 0.0)
                    | None, None -> cell, ("stored already", 0.0)
            ]

        [
            for i, (cell, (what, _)) in List.indexed cells ->
                $"[{i + 1}/{cells.Length}] {Run.hash cell.Run}  {Grid.label cell}  {what}"
        ],
        counts executor works,
        cells |> List.sumBy (snd >> snd)

    let private listed title lines =
        if List.isEmpty lines then
            []
        else
            title :: [ for line in lines -> $"  - {line}" ]

    /// What a recipe's source does that no field of a run can say, and what the runs of a grid have otherwise than the recipe that they are nearest to: for
    /// each such recipe its lines. What the grid varies is no deviation.
    let deviations (grid: Grid) =
        let varied =
            match Grid.runs grid |> List.map Run.training with
            | [] -> Set.empty
            | first :: _ as all ->
                all
                |> List.collect (Training.diff first >> List.map (fun (path, _, _) -> path))
                |> set

        let changed (recipe: NamedRecipe) (run: Run) =
            [
                for path, there, here in Training.diff (Run.training recipe.Run) (Run.training run) do
                    if
                        not (varied.Contains path)
                        && not (path.StartsWith "Images")
                        && path <> "MicroBatches"
                    then
                        $"{path}: {here}, there {there}"
            ]

        let memory (run: Run) =
            match run.MicroBatches, GpuMemory.ofRun run with
            | Some parts, Some bytes ->
                [
                    $"batches of {run.BatchSize} pass the encoder in parts of {parts.Size}: about {bytes / 1e9:F0} GB of a GPU by formula, and batch norm sees one part at a time"
                ]
            | _ -> []

        [
            for recipe, runs in Grid.runs grid |> List.groupBy Recipe.nearest do
                yield!
                    listed
                        $"Not as in {recipe.Name} ({recipe.Source}):"
                        (recipe.Unsaid
                         @ changed recipe runs.Head
                         @ (runs |> List.collect memory |> List.distinct))
        ]

    /// Intervals of training, after the first, that the plan takes its speed from.
    let private measuredIntervals = 3

    /// "1.3 GiB" or "640 MiB".
    let internal memory (bytes: float) =
        if bytes < 1e9 then
            $"{bytes / 1048576.0:F0} MiB"
        else
            $"{bytes / 1073741824.0:F1} GiB"

    /// The most that a process of the largest batch would take: what this one had before the run, and what the run has added, which grows with
    /// the batch.
    let internal peak (before: float) (now: float) (batch: int) (largest: int) =
        before + max 0.0 (now - before) * max 1.0 (float largest / float batch)

    let private inOnePass run =
        run.MicroBatches |> Option.map _.Size |> Option.defaultValue run.BatchSize

    let private workingSet () =
        use current = Process.GetCurrentProcess()
        float current.WorkingSet64, float current.PeakWorkingSet64

    /// Seconds of a step, from the ends of intervals of training, the last one first. What came before the first end does not count: kernels are
    /// compiled then, and algorithms searched.
    let internal stepTime (ends: CurvePoint list) =
        let last, first = List.head ends, List.last ends
        (last.Time - first.Time) / float (last.Step - first.Step)

    /// What the first steps of a run tell of all that is to be computed, by so many processes: the time of one is measured beside the others.
    let private estimatedTime executor workers todo run (ends: CurvePoint list) =
        let perImage = stepTime ends / float run.BatchSize

        let total =
            todo
            |> List.sumBy (fun (run, work) -> cost (Executor.load executor run) run perImage work |> snd)

        let runs = List.map fst todo

        let measuring =
            if runs |> List.forall _.Evaluation.Measurements.IsEmpty then
                ""
            else
                " and further measurements"

        $"Estimated from the first steps: {hours executor (total / float (min workers runs.Length))} for {runs.Length} runs{measuring}"

    /// The same of the memory of this process, where it computes.
    let private estimatedMemory executor (todo: Run list) before run =
        let largest = todo |> List.map inOnePass |> List.max
        let bytes = peak before (snd (workingSet ())) (inOnePass run) largest

        // That of a GPU is not known here.
        let host =
            if (Device.resolve executor.Device).``type`` = DeviceType.CPU then
                ""
            else
                " beside the GPU's"

        $", peak memory{host} {memory bytes}"

    /// What the estimate rests on.
    let private caution (todo: Run list) =
        let models =
            todo
            |> List.distinctBy (fun run -> run.Encoder, run.ViewA, run.ViewB, run.MoreViews)

        if models.Length > 1 then
            ", if all encoders and views cost the same"
        else
            ""

    let private count (grid: Grid) executor =
        let works = works grid executor
        Executor.note executor (counts executor works)
        todo works

    /// Says how much is to be done, and after the first steps of a first run, how long so many processes will take, and where this process alone computes, how
    /// much memory.
    let announced workers (grid: Grid) executor =
        let todo = count grid executor
        let ends = Collections.Generic.Dictionary<string, CurvePoint list>()
        let mutable before = 0.0
        let mutable told = false

        let tell run points =
            told <- true

            let runs = List.map fst todo

            let memory =
                if workers > 1 then
                    ""
                else
                    estimatedMemory executor runs before run

            Executor.note executor $"{estimatedTime executor workers todo run points}{memory}{caution runs}."

        let estimating event =
            match event with
            | Event.Began(_, _, cell) ->
                before <- fst (workingSet ())
                ends[Run.hash cell.Run] <- []
            | Event.Stepped(run, stage) when stage.Of = "" && not told ->
                let points = stage.Point :: ends[Run.hash run]
                ends[Run.hash run] <- points

                if points.Length > measuredIntervals && stage.Point.Step < stage.TotalSteps then
                    tell run points
            | _ -> ()

        if todo.IsEmpty then
            executor
        else
            { executor with
                Observer = Observer.all [ executor.Observer; estimating ]
            }

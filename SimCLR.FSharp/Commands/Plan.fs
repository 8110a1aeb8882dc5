namespace SimCLR

open System
open System.Diagnostics
open SimCLR.Core.Images
open SimCLR.Core.Training
open TorchSharp

/// What a grid would do, and what it would cost.
[<RequireQualifiedAccess>]
module Plan =

    /// Evaluation before and after training, in units of a training image's cost: a forward pass of one view
    /// against forward and backward of two.
    let private evaluationShare = 2.0 / 6.0

    /// "42 s", "5 min" or "3.2 h".
    let duration (seconds: float) =
        if seconds < 90.0 then $"{seconds:F0} s"
        elif seconds < 5400.0 then $"{seconds / 60.0:F0} min"
        else $"{seconds / 3600.0:F1} h"

    /// The same, and on a GPU in its hours.
    let hours (executor: Executor) (seconds: float) =
        if (Device.resolve executor.Device).``type`` = DeviceType.CPU then
            duration seconds
        else
            $"{duration seconds}, {seconds / 3600.0:F2} GPU hours"

    /// Seconds per step, measured on throwaway steps of an encoder that is then forgotten.
    let private stepSeconds executor device (splits: ImageSplits) run =
        use training =
            new Pretraining(FirstWeights.pretraining executor.Store run, splits.Pretraining, device)

        // On a GPU kernels are compiled in the first, and the fourth is recorded as a graph.
        for _ in 1 .. (if device.``type`` = DeviceType.CPU then 1 else 6) do
            training.TrainStep().cpu().Dispose()

        let clock = Stopwatch.StartNew()
        let mutable steps = 0

        while steps < 3 || clock.Elapsed.TotalSeconds < 1.0 do
            use values = training.TrainStep()
            // Reading a value back waits for the device.
            values.cpu().Dispose()
            steps <- steps + 1

        clock.Elapsed.TotalSeconds / float steps

    /// Seconds of measuring a run whose training takes so long per image; without its further measurements.
    let private evaluationSeconds (splits: ImageSplits) perImage =
        perImage * evaluationShare * float (splits.Train.Count + splits.Test.Count)

    /// Seconds of a run whose training takes so long per image; without its further measurements.
    let internal seconds (splits: ImageSplits) run perImage =
        let images =
            float (splits.Pretraining.Count / int64 run.BatchSize * int64 run.BatchSize)
            * float run.Epochs

        perImage * images + evaluationSeconds splits perImage

    /// What makes two runs cost the same.
    let private cost run =
        run.Images,
        run.ViewA,
        run.ViewB,
        run.MoreViews,
        Method.name run.Method,
        run.Encoder,
        run.Head,
        run.BatchSize,
        run.MicroBatches,
        run.Epochs,
        run.Precision

    /// A line per run, and the estimated seconds of those that are not stored yet.
    let describe (grid: Grid) executor =
        Executor.check grid { executor with DryRun = true }
        let device = Device.resolve executor.Device
        let costs = Collections.Generic.Dictionary<_, float>()
        let trained = Collections.Generic.HashSet<string>()

        let perImage run =
            match costs.TryGetValue(cost run) with
            | true, known -> known
            | _ ->
                let splits = Executor.load executor run
                let measured = stepSeconds executor device splits run / float run.BatchSize
                costs[cost run] <- measured
                measured

        let estimate run =
            let splits = Executor.load executor run

            if trained.Add(Run.trainingHash run) then
                let time = seconds splits run (perImage run)
                duration time, time
            else
                let time = evaluationSeconds splits (perImage run)
                $"trained already, to be measured: {duration time}", time

        let cells =
            [
                for cell in grid.Cells do
                    match Executor.tryFind ignore executor cell.Run with
                    | Some _ -> cell, ("stored already", 0.0)
                    | None ->
                        if Store.isTrained cell.Run executor.Store then
                            trained.Add(Run.trainingHash cell.Run) |> ignore

                        cell, estimate cell.Run
            ]

        [
            for i, (cell, (what, _)) in List.indexed cells ->
                $"[{i + 1}/{cells.Length}] {Run.hash cell.Run}  {Grid.label cell}  {what}"
        ],
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
    let private estimatedTime executor workers (todo: Run list) run (ends: CurvePoint list) =
        let perImage = stepTime ends / float run.BatchSize

        let total =
            todo
            |> List.sumBy (fun run -> seconds (Executor.load executor run) run perImage)

        let measuring =
            if todo |> List.forall _.Evaluation.Measurements.IsEmpty then
                ""
            else
                " and further measurements"

        $"Estimated from the first steps: {hours executor (total / float (min workers todo.Length))} for {todo.Length} new runs{measuring}"

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
        let todo = Execution.unknown grid executor

        Executor.note
            executor
            $"{Grid.size grid} runs: {todo.Length} new, {Grid.size grid - todo.Length} stored in {executor.Store.Folder}."

        todo

    /// Says how much is to be done, and after the first steps of a first run, how long so many processes will take, and where this process alone computes, how
    /// much memory.
    let announced workers (grid: Grid) executor =
        let todo = count grid executor
        let ends = Collections.Generic.Dictionary<string, CurvePoint list>()
        let mutable before = 0.0
        let mutable told = false

        let tell run points =
            told <- true

            let memory =
                if workers > 1 then
                    ""
                else
                    estimatedMemory executor todo before run

            Executor.note executor $"{estimatedTime executor workers todo run points}{memory}{caution todo}."

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

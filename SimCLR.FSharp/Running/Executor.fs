namespace SimCLR

open System
open System.IO
open System.Threading
open SimCLR.Core.Images
open SimCLR.Core.Runtime
open SimCLR.Core.Views

/// How runs are executed: where, from which data, into which store. Changes no run's value.
type Executor =
    {
        Device: Device
        /// Folder of the data sets that are not generated.
        DataRoot: string
        /// Where image folders lie that runs name (Images.named).
        Places: Map<string, string>
        /// Whether a data set that is not there may be downloaded.
        Download: bool
        /// Whether image folders are read from a cache on disk whatever their size; those too large for memory always are.
        Stream: bool
        Store: Store
        /// Is told what happens.
        Observer: Observer
        /// Time between two checkpoints of a run in progress, from which it goes on after an interruption; None: it starts anew.
        CheckpointEvery: TimeSpan option
        /// Whether a run's encoder and head are kept, in Store.encoderOf and Store.headOf.
        KeepEncoder: KeepEncoder
        /// Threads that compute; None: as many as libtorch takes by itself.
        Threads: int option
        /// Only deterministic algorithms of libtorch; a run that needs another one fails.
        Deterministic: bool
        /// Runs that have failed before are tried again.
        RetryFailed: bool
        /// Trainings that collapse, or learn nothing, go on to their end and are measured; those that had failed so are taken up. They are told of, and have
        /// the figure "collapsed at step". False: they fail.
        ContinueCollapsed: bool
        /// Whether stored results are used that were computed by another source of a custom component of the same name and version.
        TrustCustom: bool
        /// How long runs that other processes compute are waited for when there is nothing else to do; None: until they are done.
        WaitsFor: TimeSpan option
        /// Says what would be done and what it costs, and trains nothing.
        DryRun: bool
    }

/// How grids are carried out: the store, the device, what is kept, who is told.
[<RequireQualifiedAccess>]
module Executor =

    /// On the best device, data in "data", outcomes in "results/runs", progress on the console.
    let local =
        {
            Device = Auto
            DataRoot = "data"
            Places = Map.empty
            Download = false
            Stream = false
            Store = Store.ofFolder (Path.Combine("results", "runs"))
            Observer = ConsoleProgress.observer ()
            CheckpointEvery = Some(TimeSpan.FromMinutes 1.0)
            KeepEncoder = KeepEncoder.UpTo(1L <<< 30)
            Threads = None
            Deterministic = false
            RetryFailed = false
            ContinueCollapsed = false
            TrustCustom = false
            WaitsFor = None
            DryRun = false
        }

    /// Outcomes in that folder.
    let storeIn folder executor =
        { executor with
            Store = Store.ofFolder folder
        }

    /// Says something in words.
    let internal note executor text = executor.Observer(Event.Noted text)

    /// Training images cut to the run's limit, and the test images.
    let private limited (run: Run) (splits: ImageSplits) =
        match run.Images.TrainLimit with
        | Some limit when int64 limit < splits.Pretraining.Count ->
            let fewer = splits.Take(int64 limit)
            // The test images are those of both.
            splits.Train.Dispose()
            splits.Pretraining.Dispose()
            fewer
        | _ -> splits

    /// By the folder of the data sets, whether all is read from disk, where a name lies, and the images.
    let private cache =
        Collections.Concurrent.ConcurrentDictionary<string * bool * string option * Images, ImageSplits>()

    /// The images of a run; they are read once, and kept until others are needed.
    let internal loadUnless (cancellation: CancellationToken) executor (run: Run) =
        let place =
            match run.Images.Source with
            | ImageSource.Named(name, _, _) -> executor.Places |> Map.tryFind name
            | _ -> None

        let key = executor.DataRoot, executor.Stream, place, run.Images

        match cache.TryGetValue key with
        | true, splits -> splits
        | _ ->
            let source =
                LowerImages.imageSource
                    executor.DataRoot
                    executor.Places
                    executor.Download
                    executor.Stream
                    run.Images.Source

            let splits =
                source.Load((fun text -> note executor text), cancellation) |> limited run

            cache[key] <- splits
            splits

    /// The same, whatever happens meanwhile.
    let internal load executor run =
        loadUnless CancellationToken.None executor run

    /// Lets images go. They are not disposed: another execution in this process may be using them, and the collector frees them when nobody does.
    let private letGo unwanted =
        for entry in cache do
            let _, _, _, images = entry.Key

            if unwanted images then
                cache.TryRemove entry.Key |> ignore

    /// Lets images go that are not among those.
    let internal release (needed: Images list) =
        letGo (fun images -> not (List.contains images needed))

    /// Lets those images go, however many of them are trained on: they are others now.
    let internal forget (changed: Images) =
        letGo (fun images -> { images with TrainLimit = None } = { changed with TrainLimit = None })

    /// All that is wrong with a grid's runs, or that this machine lacks for them: device, rights and room of the store's folder.
    let problems (grid: Grid) (executor: Executor) =
        [
            yield! Grid.problems grid
            yield! Device.problems executor.Device
            yield! FirstWeights.problems executor.Store (Grid.runs grid)
            yield! CustomCheck.problems (Grid.runs grid)

            if not executor.TrustCustom then
                yield! CustomCheck.otherSources executor.Store (Grid.runs grid)

            if not executor.DryRun then
                // Of a wrong value any size may follow.
                let runs = Grid.runs grid |> List.filter (Run.problems >> List.isEmpty)
                yield! Preflight.problems executor.KeepEncoder runs executor.Store
        ]

    /// Fails with all of it. Nothing is written.
    let internal check grid executor =
        match problems grid executor with
        | [] -> ()
        | wrong -> wrongValue (String.concat Environment.NewLine wrong)

    /// A PNG of what the run's views make of the first images, before they are normalized.
    let writeViewSheet path run executor =
        LibTorch.Load() |> ignore
        let splits = load executor run
        let picture = View.withoutNormalization >> Lower.view

        let views =
            run.ViewA
            :: run.ViewB
            :: (run.MoreViews
                |> List.collect (fun counted -> List.replicate counted.Count counted.View))

        ViewSheet.Write(path, splits.Train, [| for view in views -> picture view |], RandomStreams run.Seed)

    /// What is asked for, if the store has all of it.
    let private whole executor run (found: Outcome option) =
        found
        |> Option.filter (fun _ ->
            executor.KeepEncoder <> KeepEncoder.Always
            || File.Exists(Store.encoderOf run executor.Store))

    let private knownOf executor run (found: Outcome option) =
        match whole executor run found with
        | Some outcome when executor.RetryFailed && not outcome.Failures.IsEmpty -> None
        | Some outcome -> Some(Ok outcome)
        | None when executor.RetryFailed -> None
        | None ->
            Store.tryFailure run executor.Store
            |> Option.filter (fun failure -> not (executor.ContinueCollapsed && Failing.isOfCollapse failure))
            |> Option.map Error

    /// The stored outcome of a run, if nothing that is asked for is missing.
    let internal tryFind warn executor run =
        Store.tryFind warn run executor.Store |> whole executor run

    /// What is known of a run without computing: its outcome, or why it failed.
    let internal known executor run =
        Store.tryFind (note executor) run executor.Store |> knownOf executor run

    /// Whether it is known. Curves, most of what is stored in text, are not read for it.
    let internal isKnown executor run =
        Store.tryFigures (note executor) run executor.Store
        |> knownOf executor run
        |> Option.isSome

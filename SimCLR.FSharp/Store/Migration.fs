namespace SimCLR

open System
open System.IO
open System.Security.Cryptography
open System.Text
open System.Text.Json.Nodes

/// What became of a store of version 0.1.
[<RequireQualifiedAccess>]
type Migrated =
    {
        /// Runs whose outcome was taken over.
        Runs: int
        /// Runs that had failed.
        Failures: int
        /// Folders of runs that had been interrupted. They do not say which run they are of, and stay: who executes the run again goes on from its checkpoint.
        Interrupted: int
        /// Folders that were left where they are, and why.
        LeftOut: (string * string) list
    }

/// Takes stores of version 0.1 over, which had one folder per run and stored an outcome whole.
[<RequireQualifiedAccess>]
module Migration =

    /// Where the folders go once they are taken over.
    [<Literal>]
    let private Archive = "before-0.2"

    let private sha256 path =
        use stream = File.OpenRead path
        Convert.ToHexStringLower(SHA256.HashData stream)

    /// Copies a file, if it is there, whole or not at all.
    let private copy (from: string) (into: string) =
        if File.Exists from then
            Core.Runtime.AtomicFile.Write(
                into,
                fun stream ->
                    use source = File.OpenRead from
                    source.CopyTo stream
            )

            true
        else
            false

    let private copySamples (from: string) untrainedFolder folder =
        if File.Exists from then
            let samples = Core.Evaluation.FeatureSamples.Load from
            samples.Untrained.Save(StoreFolder.sampleIn untrainedFolder)
            samples.Trained.Save(StoreFolder.sampleIn folder)

    /// What is stored already stays as it is.
    let private saveMissing task provenance (figures: Figure list) folder =
        if Option.isNone (StoredFigures.tryFind ignore task folder) && not figures.IsEmpty then
            StoredFigures.save task provenance { Figures = figures; Seconds = 0.0 } folder

    /// Of several runs of one training, some may have kept the encoder.
    let private takeEncoder (old: string) run store =
        match StoredTraining.tryFind ignore (Run.training run) store with
        | Some stored when stored.Encoder.IsNone && copy old (Store.encoderOf run store) ->
            StoredTraining.saveFigures
                (Run.training run)
                { stored with
                    Encoder = Some(sha256 (Store.encoderOf run store))
                }
                store
        | _ -> ()

    let private takeOutcome (old: string) run provenance (whole: FormerOutcome.FormerOutcome) store =
        let folder = Store.folderOf run store
        let untrainedFolder = StoreFolder.ofUntrained (Run.untrained run) store
        let file name = Path.Combine(old, name)

        if not (Store.isTrained run store) then
            StoredTraining.save
                (Run.training run)
                provenance
                (FormerOutcome.curve whole)
                (FormerOutcome.training run whole)
                store

            copySamples (file "features.safetensors") untrainedFolder folder

        takeEncoder (file "encoder.safetensors") run store

        for task in Evaluation.tasks run.Evaluation do
            saveMissing task provenance (FormerOutcome.measured whole task) folder

        for task in Evaluation.standardTasks run.Evaluation do
            saveMissing task provenance (FormerOutcome.untrained whole task) untrainedFolder

        Store.saveRun run store

    let private checkpointsIn folder =
        if Directory.Exists folder then
            Directory.GetFiles(folder, "step-*.safetensors")
        else
            [||]

    let private takeCheckpoints (old: string) training store =
        let into = Path.Combine(StoredTraining.begin' training store, "checkpoint")

        for path in checkpointsIn (Path.Combine(old, "checkpoint")) do
            copy path (Path.Combine(into, Path.GetFileName path)) |> ignore

    /// The hash that a run had in 0.1, over its JSON as it was written there.
    let private hashOf (json: string) =
        let content = $"simclr run 2\n{json}"
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes content)).Substring(0, 16)

    /// Fields that 0.1 did not have; those that it had it wrote, neutral or not.
    let private newer =
        [
            "InitialWeights"
            "Method"
            "LastNorm"
            "LastBias"
            "FrozenPatches"
            "reading"
            "CentreCrop"
            "Probe"
            "Negatives"
            "Monitor"
            "NormGroups"
            "Custom"
            "MoreViews"
            "WeightDecayFactor"
            "TeacherWarmup"
        ]

    let rec private withoutNewer (node: JsonNode) =
        match node with
        | :? JsonObject as fields ->
            newer |> List.iter (fields.Remove >> ignore)

            // A classifier's; a pretraining had both.
            if fields.ContainsKey "WeightDecay" then
                [ "Decay"; "Optimizer" ] |> List.iter (fields.Remove >> ignore)

            for field in fields do
                withoutNewer field.Value
        | :? JsonArray as items -> Seq.iter withoutNewer items
        | _ -> ()

    /// The hash that a run had in 0.1.
    let internal formerHash (run: Run) =
        let node = JsonNode.Parse(Json.writeWhole run)
        withoutNewer node
        hashOf (node.ToJsonString())

    /// Takes the checkpoints of a run over that 0.1 had begun in this store, if there are any and no newer ones.
    let internal adoptCheckpoints run store =
        let training = Run.training run
        let old = Path.Combine(store.Folder, formerHash run)

        if (checkpointsIn (Path.Combine(StoreFolder.ofTraining training store, "checkpoint"))).Length = 0 then
            takeCheckpoints old training store

    /// The run of a folder of 0.1, if the folder is what its name says.
    let private runOf (old: string) =
        let path = Path.Combine(old, "run.json")
        let text = File.ReadAllText path

        match Json.read<Run> text with
        | Error why -> Error $"run.json is damaged: {why}"
        | Ok run ->
            let hash = hashOf ((JsonNode.Parse text).ToJsonString())

            if hash = Path.GetFileName old then
                Ok run
            else
                Error $"it is named {Path.GetFileName old}, but run.json is of {hash}"

    /// What a folder had.
    [<RequireQualifiedAccess>]
    type private Taken =
        | Outcome
        | Failure

    let private takeHeld (old: string) run store =
        let read name =
            let path = Path.Combine(old, name)

            if File.Exists path then
                StoredFile.read path |> Result.map Some
            else
                Ok None

        match read "outcome.json", read "provenance.json", read "failure.json" with
        | Error why, _, _
        | _, Error why, _
        | _, _, Error why -> Error why
        | Ok(Some whole), Ok(Some provenance), _ ->
            takeOutcome old run provenance whole store
            Ok Taken.Outcome
        | Ok(Some _), Ok None, _ -> Error "it has an outcome, but no provenance.json"
        | Ok None, _, Ok(Some failure) ->
            takeCheckpoints old (Run.training run) store
            Store.saveFailure run failure store
            Ok Taken.Failure
        | Ok None, _, Ok None -> Error "it has neither an outcome nor a failure"

    let private take (old: string) store =
        runOf old
        |> Result.bind (fun run ->
            match StoreFolder.tryLock old, Store.tryLock run store with
            | Some old', Some held ->
                use _old = old'
                use _held = held
                takeHeld old run store
            | held, other ->
                held |> Option.iter _.Dispose()
                other |> Option.iter _.Dispose()
                Error "a process is at work on it")

    let private foldersWith predicate (store: Store) =
        if Directory.Exists store.Folder then
            Directory.GetDirectories store.Folder
            |> Array.filter predicate
            |> Array.sort
            |> List.ofArray
        else
            []

    let private hasRun folder =
        File.Exists(Path.Combine(folder, "run.json"))

    /// The folders of 0.1 in a store.
    let folders store = foldersWith hasRun store

    /// Takes all runs of 0.1 in a store over: outcomes, encoders, representations, failures. Each old folder is left as it is until all of it is
    /// stored anew, and is then moved to the folder before-0.2 of the store, which can be deleted.
    let migrate (store: Store) : Migrated =
        // Representations of test images are tensors.
        Core.Runtime.LibTorch.Load() |> ignore

        let results =
            [
                for old in folders store do
                    let result =
                        try
                            take old store
                        with
                        | :? InvalidDataException as error -> Error error.Message
                        | :? UnauthorizedAccessException as error -> Error error.Message

                    if Result.isOk result then
                        let archive = Path.Combine(store.Folder, Archive)
                        Directory.CreateDirectory archive |> ignore
                        Directory.Move(old, Path.Combine(archive, Path.GetFileName old))

                    old, result
            ]

        let count taken =
            results |> List.filter (fun (_, result) -> result = Ok taken) |> List.length

        {
            Runs = count Taken.Outcome
            Failures = count Taken.Failure
            Interrupted =
                store
                |> foldersWith (fun folder ->
                    not (hasRun folder)
                    && (checkpointsIn (Path.Combine(folder, "checkpoint"))).Length > 0)
                |> List.length
            LeftOut =
                [
                    for old, result in results do
                        match result with
                        | Error why -> old, why
                        | Ok _ -> ()
                ]
        }

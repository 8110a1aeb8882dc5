/// Why something failed, in words, and whether trying again could help.
module internal SimCLR.Failing

open System
open System.IO
open System.Runtime.InteropServices
open SimCLR.Core.Distributed
open SimCLR.Core.Images
open SimCLR.Core.Methods
open SimCLR.Core.Training

/// The GPU cannot be used any more by this process: whatever it computed next would fail too.
exception DeviceLost of message: string

let isOfDisk (error: exn) =
    error :? IOException || error :? UnauthorizedAccessException

let unstorable (store: Store) (error: exn) =
    {
        Reason = "could not be stored"
        Detail = $"{error.Message} Check the rights and free space of {store.Folder}."
    }

[<Literal>]
let private trainingFailed = "training failed"

/// What a failure comes to: whether it would come again, so that it is worth storing, and how it is told. An error of CUDA other than of memory is
/// raised as DeviceLost.
let explain store (error: exn) : bool * Failure =
    match error with
    | :? TrainingCollapsedException as error ->
        true,
        {
            Reason = error.Name
            Detail = $"{error.Message} --continue-collapsed trains on, and measures."
        }
    | :? CheckpointMisfitException ->
        false,
        {
            Reason = "checkpoint does not fit"
            Detail = error.Message
        }
    | :? StoredFile.OtherVersionException ->
        false,
        {
            Reason = "is of another version"
            Detail = error.Message
        }
    | :? TrainingFailedException ->
        true,
        {
            Reason = trainingFailed
            Detail = error.Message
        }
    | :? MeasureException as error ->
        true,
        {
            Reason = $"raised {error.Raised.GetType().Name}"
            Detail = string error.Raised
        }
    | :? ArgumentException ->
        false,
        {
            Reason = "does not fit the data"
            Detail = error.Message
        }
    | :? ImageSourceException ->
        false,
        {
            Reason = "images could not be read"
            Detail = error.Message
        }
    | :? ExternalException when
        error.Message.Contains "CUDA error"
        && not (error.Message.Contains "out of memory")
        ->
        raise (DeviceLost(error.Message.Split('\n')[0]))
    | :? ExternalException ->
        false,
        {
            Reason = "libtorch failed"
            Detail =
                $"{error.Message.Split('\n').[0]} If it is memory: use a smaller batch, narrower encoder or head, or micro-batches; "
                + "for images that do not fit into a GPU, --stream."
        }
    | :? OutOfMemoryException ->
        false,
        {
            Reason = "out of memory"
            Detail = $"{error.Message.TrimEnd '.'}. Use a smaller batch, fewer workers, or --stream for image folders."
        }
    | error when isOfDisk error -> false, unstorable store error
    | :? DistributedException ->
        false,
        {
            Reason = "another rank failed"
            Detail = error.Message
        }
    | error ->
        true,
        {
            Reason = $"raised {error.GetType().Name}"
            Detail = string error
        }

/// What a failure of something that is measured along a training comes to, which is stored with it, as only the training can give its figures. One that need not come again says how to have them.
let alongTraining store run error =
    match explain store error with
    | true, failure -> failure
    | false, failure ->
        { failure with
            Detail =
                $"{failure.Detail} The training is stored without it; './simclr runs rm {Run.trainingHash run}' has it trained anew."
        }

/// What is said of a collapse in failures of before it had a reason of its own.
let private formerly =
    [
        "have collapsed by step"
        "The loss is stuck at"
        "The teacher has collapsed"
        "The teacher gives all outputs"
    ]

/// Whether it is of a training that could have gone on.
let isOfCollapse (failure: Failure) =
    failure.Reason = Collapse.Collapsed
    || failure.Reason = Collapse.LearntNothing
    || failure.Reason = trainingFailed
       && formerly |> List.exists failure.Detail.Contains

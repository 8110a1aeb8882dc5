namespace SimCLR

open System
open System.IO
open Argu
open SimCLR.Core.Images
open SimCLR.Core.Runtime
open TorchSharp

/// A libtorch that has been loaded.
type internal LoadedLibTorch =
    {
        Folder: string
        /// Which of the places it came from.
        Origin: string
        /// As a libtorch named by SIMCLR_LIBTORCH tells it; None: that of TorchSharp's package.
        Version: string option
        /// Whether libstdc++ is so old that TorchSharp's native half was loaded from a mended copy.
        Mended: bool
        /// Whether oneDNN is left out, as this virtual machine hides its processor's caches.
        LeavesOneDnnOut: bool
        /// Functions that it lacks and TorchSharp may call.
        Missing: string list
        /// Whether it has a CUDA part.
        HasCuda: bool
        /// Threads that it computes with.
        Threads: int
    }

/// A data set as it was found on disk.
[<RequireQualifiedAccess>]
type internal DataSetState =
    | Whole of train: int64 * test: int64
    | Damaged of why: string
    | Absent

/// A folder that is written to.
type internal Room =
    {
        /// What lies there.
        Holds: string
        Folder: string
        /// Why it cannot be written; empty where it can.
        Hindrances: string list
        /// Bytes that are free; None where that cannot be told.
        Free: int64 option
        /// Bytes without which nothing works.
        Need: int64
        /// Bytes with which nobody has to think of it.
        Ample: int64
        /// What to do about it.
        Remedy: string
    }

/// What a machine has of what a sweep needs.
type internal Machine =
    {
        /// Or why there is none that works.
        LibTorch: Result<LoadedLibTorch, string>
        /// The device that is asked for.
        Asked: Device
        /// Whether the NVIDIA driver is there.
        HasDriver: bool
        /// GPUs that libtorch sees, or why it sees none.
        Gpus: Result<int, string>
        /// Cores that this process may use.
        Cores: int
        /// OMP_NUM_THREADS as it is set.
        OmpThreads: string option
        Rooms: Room list
        DataRoot: string
        DataSets: (string * DataSetState) list
    }

[<RequireQualifiedAccess>]
type private MachineArgument =
    | Data_Root of string
    | Device of string
    | Out of string

    interface IArgParserTemplate with
        member argument.Usage =
            match argument with
            | Data_Root _ -> "folder of the data sets (default: data)."
            | Device _ -> "the device that sweeps are to run on: cpu, cuda or auto (the default)."
            | Out _ -> "folder of the results (default: results)."

/// Gathers what this machine has. Nothing is left behind on it.
[<RequireQualifiedAccess>]
module internal Machine =

    let private GB = 1_000_000_000L

    let private loadLibTorch () =
        try
            let origin = LibTorch.Load()
            // A library may load and still not compute.
            use ones = torch.ones 3L
            use sum = ones.sum ()

            if sum.ToSingle() <> 3.0f then
                Error $"The libtorch in {origin.Folder} computes 1 + 1 + 1 = {sum.ToSingle()}."
            else
                Ok
                    {
                        Folder = origin.Folder
                        Origin = origin.Kind
                        Version = Option.ofObj origin.Version
                        Mended = origin.Mended
                        LeavesOneDnnOut = origin.LeavesOneDnnOut
                        Missing = List.ofSeq origin.Missing
                        HasCuda = Directory.GetFiles(origin.Folder, "*torch_cuda*").Length > 0
                        Threads = torch.get_num_threads ()
                    }
        with error ->
            Error(error.Message.Split('\n').[0])

    let private gpus libTorch =
        match libTorch with
        | Ok { HasCuda = true } ->
            try
                // cuda.is_available alone hides why it says no.
                torch.InitializeDeviceType DeviceType.CUDA

                Ok(
                    if torch.cuda.is_available () then
                        // A GPU that this libtorch has no code for is there, and fails at the first operation.
                        use ones = torch.ones (3L, device = torch.CUDA)
                        use sum = ones.sum ()
                        sum.ToSingle() |> ignore
                        torch.cuda.device_count ()
                    else
                        0
                )
            with error ->
                Error(error.Message.Split('\n').[0])
        | _ -> Ok 0

    let private room holds folder need ample remedy =
        {
            Holds = holds
            Folder = Path.GetFullPath folder
            Hindrances = Preflight.unwritable folder
            Free = Preflight.free folder
            Need = need
            Ample = ample
            Remedy = remedy
        }

    let private rooms out =
        [
            room
                "results"
                out
                (Preflight.need [ Run.shapes ])
                (2L * GB)
                "Free some, change the folder's rights, or choose another folder with --out."
            room
                "cache"
                ((UserCache.Folder(ReadOnlySpan<string>())))
                0L
                (2L * GB)
                "Free some, or set SIMCLR_CACHE to a folder that has room: caches of image folders lie there."
        ]

    /// A whole data set is read: that takes a second or two, and finds the damage that a sweep would find.
    let private dataSet root images =
        let state =
            try
                use splits =
                    (LowerImages.imageSource root Map.empty false false images.Source).Load()

                DataSetState.Whole(splits.Train.Count, splits.Test.Count)
            with :? ImageSourceException as error ->
                if error.IsMissing then
                    DataSetState.Absent
                else
                    DataSetState.Damaged error.Message

        Images.name images, state

    let private dataSets root =
        [ Images.cifar10; Images.cifar100; Images.fashionMnist; Images.svhn ]
        |> List.map (dataSet root)

    let private gather dataRoot asked out =
        let libTorch = loadLibTorch ()

        {
            LibTorch = libTorch
            Asked = asked
            HasDriver = File.Exists "/proc/driver/nvidia/version" || File.Exists "/dev/nvidiactl"
            Gpus = gpus libTorch
            Cores = Environment.ProcessorCount
            OmpThreads = Environment.GetEnvironmentVariable "OMP_NUM_THREADS" |> Option.ofObj
            Rooms = rooms out
            DataRoot = Path.GetFullPath dataRoot
            // Images are tensors.
            DataSets = if libTorch.IsOk then dataSets dataRoot else []
        }

    /// Reads the arguments and looks; or what is wrong with them, or their usage.
    let ofArguments (arguments: string list) =
        try
            let parsed = CommandLine.parse<MachineArgument> "./simclr doctor" arguments

            parsed.GetResult(MachineArgument.Device, defaultValue = "auto")
            |> Device.parse
            |> Result.map (fun device ->
                gather
                    (parsed.GetResult(MachineArgument.Data_Root, defaultValue = "data"))
                    device
                    (parsed.GetResult(MachineArgument.Out, defaultValue = "results")))
        with
        | :? ArgumentException
        | :? ArguParseException as error -> Error error.Message

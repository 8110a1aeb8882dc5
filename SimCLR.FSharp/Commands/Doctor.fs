namespace SimCLR

/// How a check of the machine came out. The launcher's doctor uses the same marks.
[<RequireQualifiedAccess>]
type internal Verdict =
    /// ✓ As it should be.
    | Fine
    /// ! Sweeps run, but not as well as they could, or not all of them.
    | Doubtful
    /// ✗ No sweep can run as asked.
    | Fault

/// What a check found, and what to do about it; nothing where all is well.
type internal Finding =
    {
        Verdict: Verdict
        /// What was looked at, in a word.
        What: string
        Found: string
        Remedy: string option
    }

/// Looks at the machine and says what hinders a sweep, and what to do about it.
[<RequireQualifiedAccess>]
module Doctor =

    let private finding verdict what found remedy =
        {
            Verdict = verdict
            What = what
            Found = found
            Remedy = remedy
        }

    let private fine what found = finding Verdict.Fine what found None

    let private doubtful what found remedy =
        finding Verdict.Doubtful what found (Some remedy)

    let private fault what found remedy =
        finding Verdict.Fault what found (Some remedy)

    let private libTorch machine =
        let what = "libtorch"

        match machine.LibTorch with
        | Error why ->
            fault
                what
                why
                "Run ./simclr setup for the CPU libtorch and unset SIMCLR_LIBTORCH, or set SIMCLR_LIBTORCH to the lib folder of a PyTorch that fits."
        | Ok found ->
            let version = found.Version |> Option.defaultValue "of TorchSharp's package"

            let mended =
                if found.Mended then
                    ", by a mended copy of TorchSharp's native half"
                else
                    ""

            let said = $"{version}, from {found.Folder} ({found.Origin}){mended}"

            if found.Missing.IsEmpty && found.LeavesOneDnnOut then
                doubtful
                    what
                    $"{said}, without oneDNN, which would compute wrongly: this virtual machine hides its processor's caches"
                    "Training is slower than it could be, most of all in bfloat16. Where you can, have the virtual machine show the caches (libvirt: <cache mode='passthrough'/>)."
            elif found.Missing.IsEmpty then
                fine what said
            else
                doubtful
                    what
                    $"{said}; it lacks {found.Missing.Length} functions that TorchSharp may call: {found.Missing.Head} ..."
                    "The process ends when one of them is called. Use a PyTorch of the version that TorchSharp is made for."

    let private device machine =
        let what = "device"

        let absent = if machine.Asked = Cuda then fault what else doubtful what

        match machine.LibTorch, machine.Gpus with
        | Ok _, Ok count when count > 0 -> fine what $"cuda, {count} GPUs"
        | _ when machine.Asked = Cpu -> fine what "cpu, as asked"
        | Ok libTorch, _ when machine.HasDriver && not libTorch.HasCuda ->
            absent
                "cpu: there is an NVIDIA driver, but this libtorch is built for the CPU only"
                "Run ./simclr setup --cuda, or set SIMCLR_LIBTORCH to the lib folder of a PyTorch built for CUDA."
        | Ok _, gpus when machine.HasDriver ->
            let why =
                match gpus with
                | Error why -> why
                | Ok _ -> "no GPU is visible"

            absent
                $"cpu: there is an NVIDIA driver, but libtorch cannot use the GPU: {why}"
                "Look at nvidia-smi and CUDA_VISIBLE_DEVICES; the driver must not be older than the CUDA version of libtorch."
        | _ when machine.Asked = Cuda ->
            absent
                "cuda is asked for, but there is no NVIDIA driver here"
                "Use --device cpu, or a machine with an NVIDIA GPU and its driver (in a container: start it with --gpus all)."
        | _ -> fine what "cpu: there is no NVIDIA driver here"

    let private threads machine =
        let what = "threads"

        let libTorch =
            match machine.LibTorch with
            | Ok found -> found.Threads
            | Error _ -> machine.Cores

        // OpenMP takes a list too, of which the first counts here.
        let asked =
            machine.OmpThreads
            |> Option.map (fun text -> System.Int32.TryParse((text.Split ',')[0]))

        match asked with
        | Some(parsed, number) when not parsed || number < 1 ->
            doubtful
                what
                $"OMP_NUM_THREADS is '{machine.OmpThreads.Value}', which is no number of threads"
                "Unset it, or use a whole number from 1 up."
        | Some(_, number) when number > machine.Cores ->
            doubtful
                what
                $"OMP_NUM_THREADS is {number}, but there are {machine.Cores} cores: threads wait for each other"
                $"Unset it, or use at most {machine.Cores}."
        | Some(_, number) when number < machine.Cores ->
            doubtful
                what
                $"OMP_NUM_THREADS is {number}: {machine.Cores - number} of {machine.Cores} cores stay idle"
                "Unset it, or share the cores out with --workers."
        | _ when libTorch > machine.Cores ->
            doubtful
                what
                $"libtorch takes {libTorch} threads, but this process may use {machine.Cores} cores only (a container's limit)"
                $"Use --threads {machine.Cores}, or set OMP_NUM_THREADS to {machine.Cores}."
        | _ -> fine what $"{libTorch} of {machine.Cores} cores"

    let private gigabytes (bytes: int64) = $"{float bytes / 1e9:F1} GB"

    let private room it =
        match it.Hindrances, it.Free with
        | _ :: _ as hindrances, _ ->
            let verdict = if it.Need > 0L then Verdict.Fault else Verdict.Doubtful
            finding verdict it.Holds (String.concat " " hindrances) (Some it.Remedy)
        | [], Some free when free < it.Need ->
            fault it.Holds $"{it.Folder} has {gigabytes free} free, {gigabytes it.Need} are needed at least" it.Remedy
        | [], Some free when free < it.Ample ->
            doubtful it.Holds $"{it.Folder} has {gigabytes free} free only" it.Remedy
        | [], Some free -> fine it.Holds $"{gigabytes free} free in {it.Folder}"
        | [], None -> fine it.Holds $"{it.Folder} can be written"

    let private dataSets machine =
        let what = "data sets"

        let of' choose =
            machine.DataSets |> List.choose (fun (name, state) -> choose name state)

        let whole =
            of' (fun name state ->
                match state with
                | DataSetState.Whole(train, test) -> Some $"{name} ({train} and {test} images)"
                | _ -> None)

        let absent =
            of' (fun name state -> if state = DataSetState.Absent then Some name else None)
            |> String.concat ", "

        let found =
            match whole with
            | [] ->
                doubtful
                    what
                    $"none in {machine.DataRoot}: sweeps run on the generated images (shapes)"
                    $"Name their folder with --data-root, or let a sweep fetch one with --data NAME --download. Looked for: {absent}."
            | whole when absent = "" -> fine what (String.concat ", " whole)
            | whole ->
                let whole = String.concat ", " whole
                fine what $"{whole}; not in {machine.DataRoot}: {absent}"

        found
        :: of' (fun name state ->
            match state with
            | DataSetState.Damaged why ->
                Some(doubtful name why "Delete the damaged files, and let a sweep fetch them again with --download.")
            | _ -> None)

    /// Looks at a machine.
    let internal examine machine =
        [
            libTorch machine
            device machine
            threads machine
            yield! List.map room machine.Rooms
            // Without libtorch none could be read.
            if not machine.DataSets.IsEmpty then
                yield! dataSets machine
        ]

    /// 0 if a sweep can run as asked, else 1.
    let internal exitCode findings =
        if findings |> List.exists (fun finding -> finding.Verdict = Verdict.Fault) then
            1
        else
            0

    /// A line, and one below it with what to do.
    let internal toText finding =
        let mark =
            match finding.Verdict with
            | Verdict.Fine -> "✓"
            | Verdict.Doubtful -> "!"
            | Verdict.Fault -> "✗"

        let line = $"{mark} {finding.What, -12}{finding.Found}"

        match finding.Remedy with
        | Some remedy -> $"{line}{System.Environment.NewLine}  {System.String(' ', 12)}-> {remedy}"
        | None -> line

    /// Prints what it finds of this machine. The arguments are a sweep's: --data-root, --device, --out.
    /// Returns 0 if a sweep can run as asked, 1 if not, 2 if the arguments are wrong.
    let run arguments =
        match Machine.ofArguments arguments with
        | Error message ->
            eprintfn "%s" message
            2
        | Ok machine ->
            let findings = examine machine
            findings |> List.iter (toText >> printfn "%s")
            exitCode findings

/// Every fault of a machine, simulated; and the launcher's doctor on a machine that is broken.
module SimCLR.Tests.DoctorTests

open System
open System.IO
open SimCLR
open Xunit

let private libTorch =
    {
        Folder = "/packages/native"
        Origin = "NuGet package"
        Version = None
        Mended = false
        LeavesOneDnnOut = false
        Missing = []
        HasCuda = false
        Threads = 8
    }

let private room holds =
    {
        Holds = holds
        Folder = "/there"
        Hindrances = []
        Free = Some 100_000_000_000L
        Need = 1_000_000L
        Ample = 2_000_000_000L
        Remedy = $"Free some for {holds}."
    }

/// A machine that lacks nothing.
let private healthy =
    {
        LibTorch = Ok libTorch
        Asked = Auto
        HasDriver = false
        Gpus = Ok 0
        Cores = 8
        OmpThreads = None
        Rooms = [ room "results"; room "cache" ]
        DataRoot = "/data"
        DataSets = [ "cifar10", DataSetState.Whole(50000L, 10000L); "svhn", DataSetState.Absent ]
    }

let private withLibTorch change machine =
    { machine with
        LibTorch = machine.LibTorch |> Result.map change
    }

let private cuda libTorch = { libTorch with HasCuda = true }

let private withRoom change machine =
    { machine with
        Rooms = [ change (room "results"); room "cache" ]
    }

[<Fact>]
let ``Nothing is wrong with a machine that lacks nothing`` () =
    let findings = Doctor.examine healthy
    Assert.All(findings, fun finding -> Assert.Equal((Verdict.Fine, None), (finding.Verdict, finding.Remedy)))
    Assert.Equal(0, Doctor.exitCode findings)
    let said = findings |> List.map Doctor.toText |> String.concat "\n"

    for part in
        [
            "/packages/native"
            "8 of 8 cores"
            "100.0 GB free in /there"
            "cifar10 (50000 and 10000 images); not in /data: svhn"
        ] do
        Assert.Contains(part, said)

/// How the line of this machine's libtorch begins.
let private libTorchHere =
    if SimCLR.Core.Runtime.Processor.HidesCaches then
        "! libtorch"
    else
        "✓ libtorch"

/// Each fault: what it makes of a machine, where it must be told, how bad it is, and words of what is said.
let private faults =
    let doubt = Verdict.Doubtful
    let fault = Verdict.Fault

    [
        "hidden caches",
        withLibTorch (fun libTorch -> { libTorch with LeavesOneDnnOut = true }),
        "libtorch",
        doubt,
        [ "without oneDNN"; "hides its processor's caches"; "passthrough" ]

        "no libtorch", (fun m -> { m with LibTorch = Error "not found" }), "libtorch", fault, [ "not found"; "setup" ]
        "a wrong version, allowed",
        withLibTorch (fun l ->
            { l with
                Version = Some "2.9"
                Missing = [ "_ZN2at3odd"; "b" ]
            }),
        "libtorch",
        doubt,
        [ "2.9"; "lacks 2 functions"; "_ZN2at3odd" ]
        "CUDA asked for, no driver", (fun m -> { m with Asked = Cuda }), "device", fault, [ "no NVIDIA driver" ]
        "CUDA asked for, a CPU libtorch",
        (fun m ->
            { m with
                Asked = Cuda
                HasDriver = true
            }),
        "device",
        fault,
        [ "built for the CPU"; "setup --cuda" ]
        "a GPU, a CPU libtorch", (fun m -> { m with HasDriver = true }), "device", doubt, [ "setup --cuda" ]
        "a GPU that does not answer",
        (fun m ->
            { m with
                HasDriver = true
                Gpus = Error "driver too old"
            }
            |> withLibTorch cuda),
        "device",
        doubt,
        [ "driver too old"; "nvidia-smi" ]
        "a GPU that is hidden",
        (fun m -> { m with HasDriver = true } |> withLibTorch cuda),
        "device",
        doubt,
        [ "CUDA_VISIBLE_DEVICES" ]
        "threads that are no number", (fun m -> { m with OmpThreads = Some "many" }), "threads", doubt, [ "'many'" ]
        "no threads", (fun m -> { m with OmpThreads = Some "0" }), "threads", doubt, [ "'0'" ]
        "too many threads", (fun m -> { m with OmpThreads = Some "64" }), "threads", doubt, [ "64"; "8 cores" ]
        "too few threads", (fun m -> { m with OmpThreads = Some "1,2" }), "threads", doubt, [ "7 of 8 cores stay idle" ]
        "a container's limit", (fun m -> { m with Cores = 2 }), "threads", doubt, [ "8 threads"; "--threads 2" ]
        "a full disk",
        withRoom (fun r -> { r with Free = Some 999_999L }),
        "results",
        fault,
        [ "0.0 GB free"; "Free some" ]
        "a disk nearly full", withRoom (fun r -> { r with Free = Some 1_500_000_000L }), "results", doubt, [ "1.5 GB" ]
        "a folder without rights",
        withRoom (fun r ->
            { r with
                Hindrances = [ "Access denied." ]
            }),
        "results",
        fault,
        [ "Access denied" ]
        "a cache without rights",
        withRoom (fun r ->
            { r with
                Need = 0L
                Hindrances = [ "Access denied." ]
            }),
        "results",
        doubt,
        [ "Access denied" ]
        "no data set",
        (fun m ->
            { m with
                DataSets = [ "svhn", DataSetState.Absent ]
            }),
        "data sets",
        doubt,
        [ "/data"; "--download"; "svhn" ]
        "a damaged data set",
        (fun m ->
            { m with
                DataSets = [ "svhn", DataSetState.Damaged "train.mat is cut off" ]
            }),
        "svhn",
        doubt,
        [ "train.mat is cut off" ]
    ]

[<Fact>]
let ``Every simulated fault is told, with what to do, and nothing else is`` () =
    for name, plant, what, verdict, words in faults do
        let findings = Doctor.examine (plant healthy)
        let told = findings |> List.filter (fun finding -> finding.Verdict <> Verdict.Fine)
        let found = told |> List.find (fun finding -> finding.What = what)
        Assert.Equal((name, verdict), (name, found.Verdict))
        let text = Doctor.toText found

        for word in words do
            Assert.Contains(word, text)

        Assert.True(text.Split('\n').[1].Trim().Length > 10, $"{name}: nothing to do is said")
        Assert.Equal((name, (if verdict = Verdict.Fault then 1 else 0)), (name, Doctor.exitCode findings))
        // A damaged data set may be the only one; all else stands alone.
        Assert.True((told.Length = 1 || what = "svhn"), name)

[<Fact>]
let ``A GPU that works is told`` () =
    let machine =
        { healthy with
            Asked = Cuda
            HasDriver = true
            Gpus = Ok 2
        }
        |> withLibTorch cuda

    let device =
        Doctor.examine machine |> List.find (fun finding -> finding.What = "device")

    Assert.Equal((Verdict.Fine, "cuda, 2 GPUs"), (device.Verdict, device.Found))

/// A folder with links to every program on PATH but one, for that one to be missing or replaced.
let private pathWithout (program: string) (folder: string) =
    let programs = Directory.CreateDirectory(Path.Combine(folder, "programs")).FullName

    for place in
        (Environment.GetEnvironmentVariable "PATH").Split(':')
        |> Array.filter Directory.Exists do
        for file in Directory.GetFiles place do
            let link = Path.Combine(programs, Path.GetFileName file)

            if Path.GetFileName file <> program && not (File.Exists link) then
                File.CreateSymbolicLink(link, file) |> ignore

    programs

let private replace (folder: string) program (text: string) =
    let programs = pathWithout program folder
    let path = Path.Combine(programs, program)
    File.WriteAllText(path, "#!/bin/sh\n" + text)
    File.SetUnixFileMode(path, UnixFileMode.UserRead ||| UnixFileMode.UserExecute)
    programs

let private doctor environment folder arguments =
    let code, output, errors =
        Launcher.startWith environment folder ("doctor" :: arguments) |> Launcher.finish

    Assert.True(("" = errors), errors)
    code, output

[<Fact>]
let ``Without .NET the doctor says so and where to get it`` () =
    Launcher.inFolder (fun folder ->
        let code, output = doctor [ "PATH", pathWithout "dotnet" folder ] folder []
        Assert.Equal(1, code)
        Assert.Contains("✗ SDK", output)
        Assert.Contains("-> Install it (https://dotnet.microsoft.com/download)", output)
        Assert.Contains("libstdc++", output))

[<Fact>]
let ``An SDK that is too old is told with its version`` () =
    Launcher.inFolder (fun folder ->
        let old = "[ $1 = --list-sdks ] && echo '8.0.400 [/sdk]' && exit\nexit 145\n"
        let code, output = doctor [ "PATH", replace folder "dotnet" old ] folder []
        Assert.Equal(1, code)
        Assert.Contains("✗ SDK", output)
        Assert.Contains("8.0.400", output)
        Assert.Contains("Install the .NET SDK 10", output))

[<Theory>]
[<InlineData("GLIBCXX_3.4.29", "✗ libstdc++")>]
[<InlineData("GLIBCXX_3.4.29 GLIBCXX_3.4.30", "✓ libstdc++   of GCC 12")>]
[<InlineData("GLIBCXX_3.4.30 GLIBCXX_3.4.32", "✓ libstdc++   of GCC 13 or newer")>]
let ``The age of libstdc++ is told, and packages that are not restored are`` (versions: string) (expected: string) =
    Launcher.inFolder (fun folder ->
        let library = Path.Combine(folder, "libstdc++.so.6")
        File.WriteAllText(library, versions)
        let ldconfig = $"echo '	libstdc++.so.6 (libc6,x86-64) => {library}'\n"

        let code, output =
            doctor
                [
                    "PATH", replace folder "ldconfig" ldconfig
                    "NUGET_PACKAGES", folder
                    "LD_LIBRARY_PATH", ""
                ]
                folder
                []

        Assert.Equal(1, code)
        Assert.Contains(expected, output)
        Assert.Contains("✗ packages    not restored", output)
        Assert.Contains("-> Run ./simclr setup", output))

[<Fact>]
let ``A SIMCLR_LIBTORCH that names the wrong folder is told, and all else is looked at`` () =
    Launcher.inFolder (fun folder ->
        let code, output =
            doctor [ "SIMCLR_LIBTORCH", folder; "OMP_NUM_THREADS", "1000" ] folder []

        Assert.Equal(1, code)
        Assert.Contains($"✗ libtorch    SIMCLR_LIBTORCH is '{folder}', but there is no libtorch_cpu.so in it", output)
        Assert.Contains("! threads     OMP_NUM_THREADS is 1000", output)
        Assert.Contains("✓ results", output))

[<Fact>]
let ``On a machine that can train it exits with 0, and tells damaged data`` () =
    Launcher.inFolder (fun folder ->
        let files =
            [ "train_32x32.mat"; "test_32x32.mat" ]
            |> List.map (fun name -> Path.Combine(folder, name))

        files |> List.iter (fun file -> File.WriteAllText(file, "no MAT-file"))
        let code, output = doctor [] folder [ "--data-root"; folder; "--device"; "cpu" ]
        Assert.True((code = 0), output)
        Assert.Contains("✓ SDK         .NET SDK 10.", output)
        Assert.Contains("✓ packages    restored", output)
        Assert.Contains(libTorchHere, output)
        Assert.Contains("✓ device      cpu, as asked", output)
        Assert.Contains($"! svhn        {files.Head}", output)
        Assert.Equal<string Set>(set files, set (Directory.GetFileSystemEntries folder)))

[<Theory>]
[<InlineData("")>]
[<InlineData("/proc/no/home")>]
let ``Without a home that can be written all lies in DOTNET_CLI_HOME, and nothing in the current folder``
    (home: string)
    =
    let packages =
        match Environment.GetEnvironmentVariable "NUGET_PACKAGES" |> Option.ofObj with
        | Some folder -> folder
        | None -> Path.Combine(Environment.GetFolderPath Environment.SpecialFolder.UserProfile, ".nuget", "packages")

    Launcher.inFolder (fun folder ->
        Launcher.inFolder (fun other ->
            let environment =
                [
                    "HOME", home
                    "DOTNET_CLI_HOME", other
                    "NUGET_PACKAGES", packages
                    "SIMCLR_CACHE", ""
                    "XDG_CACHE_HOME", ""
                ]

            let code, output = doctor environment folder [ "--device"; "cpu" ]
            Assert.True((code = 0), output)
            Assert.Contains(libTorchHere, output)
            Assert.Contains(Path.Combine(other, ".cache", "simclr"), output)
            Assert.Empty(Directory.GetFileSystemEntries folder)))

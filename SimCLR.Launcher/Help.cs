namespace SimCLR.Launcher;

/// <summary>What --help says.</summary>
internal static class Help
{
    /// <summary>How the launcher was started.</summary>
    public static string Name { get; } = Variables.Get(Variables.Launcher) is null or Tool ? Tool : Bash;

    public const string Tool = "dotnet simclr";

    private const string Bash = "./simclr";

    public const string Usage = """
        SimCLR.Research: experiments in learning from images without labels, as F# values.

        Usage: ./simclr VERB [ARGUMENTS]

          setup           restore tools and packages, check the machine
          doctor          say what the machine has, what it lacks, and what to do about it
          build           compile what changed
          run SCRIPT ...  build, then run an F# script with its arguments
          runs ...        list, show, compare, export, delete the runs of a store
          cluster ...     sweeps on Slurm and Kubernetes: write the job, submit it, say how far it is
          test ...        build, then run the tests, but for the slow ones
          bench ...       build, then measure speed
          notebooks ...   build, then render the literate notebooks to HTML and .ipynb
          jupyter         build, then put a kernel for the notebooks into Jupyter
          docs            build, then make the documentation as a site
          pack            make the NuGet packages of the two libraries
          publish-bench   pack the measurements for a GPU machine without .NET and network
          format [check]  format the sources, or check that they are

        ./simclr VERB --help says more. ./simclr run scripts/temperature.fsx --help lists a script's arguments.
        """;

    /// <summary>Null where there is no such verb.</summary>
    public static string? Of(string verb) =>
        verb switch
        {
            "setup" => """
                ./simclr setup [--cuda]
                Restores the .NET tools (.config/dotnet-tools.json) and the packages (paket.lock), libtorch among them: about 390 MB to
                download, once. Checks the .NET SDK and libstdc++. The other verbs do this themselves when something changed.
                --cuda also restores the package TorchSharp-cuda-linux (several GB) into .simclr/cuda, where a registry serves it; the other verbs
                then run on it unless SIMCLR_LIBTORCH names another libtorch.
                """,
            "doctor" => """
                ./simclr doctor [--data-root FOLDER] [--device cpu|cuda|auto] [--out FOLDER]
                Looks at the .NET SDK, libstdc++, packages, libtorch, device, threads, disk and data sets. A line for each: ✓ all is well,
                ! sweeps run, but not as well as they could, ✗ no sweep can run; below it, what to do. Exits with 1 if there is a ✗, else with 0.
                """,
            "build" => """
                ./simclr build
                Compiles SimCLR.Core and SimCLR.FSharp if a source is newer than the last build.
                """,
            "run" => """
                ./simclr run SCRIPT [ARGUMENTS]
                Runs an F# script (.fsx). A script of this project lists its arguments with --help:
                  ./simclr run scripts/temperature.fsx --help
                One that loads scripts/load.fsx is compiled once, so that it begins without delay from the second time on; F# Interactive runs the others, and all
                with SIMCLR_SCRIPTS=interactive.
                Set SIMCLR_LIBTORCH to the lib folder of an installed PyTorch to run on that libtorch, for example a CUDA one.
                """,
            "test" => """
                ./simclr test [RUNNER ARGUMENTS]
                Builds and runs the tests, but for the slow group (several ranks and processes, other languages, notebooks), which SIMCLR_TESTS=all adds, as CI does.
                Arguments go to the xUnit runner, and choose from all: ./simclr test -class SimCLR.Core.Tests.Losses.NtXentTests
                """,
            "runs" => """
                ./simclr runs VERB [--store FOLDER] [ARGUMENTS]
                What a store of runs (FOLDER: results/runs) holds. A hash may be written by how it begins.
                  list [--where PATH=VALUE] [--sort FIGURE]    runs, the choices in which they differ, accuracies
                  show HASH                                    code, figures, failures, what it was executed with
                  diff HASH HASH                               choices and figures in which two runs differ
                  diff --store A --store B                     runs that only one store has, figures that differ
                  export FILE.csv                              one line per run: every choice, every figure
                  rm HASH ... [--yes]                          delete runs; a training goes with the last of its runs
                  gc [--failures] [--checkpoints] [--encoders] [--damaged] [--untrained] [--yes]    delete what can be spared
                  retry HASH ...                               forget failures, so that the next sweep tries again
                  report FOLDER                                make a sweep's report again, of what the store has now
                  migrate [FOLDER]                             take a store of version 0.1 over
                ./simclr runs VERB --help says more.
                """,
            "cluster" => """
                ./simclr cluster VERB ...
                Sweeps whose runs are shared out to the tasks of a cluster, by one store on a file system that all see (docs/cluster.md).
                  slurm SCRIPT [ARGUMENTS] --partition P --time 02:00:00 --gpus 1 --array 16 [--ranks 4] [--dry-run]
                      writes an array job and submits it. Tasks whose time is up write a checkpoint and are queued again.
                  kubernetes SCRIPT [ARGUMENTS] --image IMAGE --claim CLAIM --gpus 1 --array 16 [--ranks 4] [--queue Q]
                      prints an Indexed Job, or MPIJobs where several ranks compute a run: pipe it to kubectl apply -f -
                  status [SWEEP ...] [--store FOLDER]
                      which runs are done, failed, running, waiting, and why
                ARGUMENTS are the script's; those that it shares with the cluster come last, after --. ./simclr cluster VERB --help lists the others.
                """,
            "bench" => """
                ./simclr bench [MEASUREMENT] [ARGUMENTS]
                Measures views, encoder, loss and the whole training step on this machine. ./simclr bench list names the measurements.
                ./simclr bench fuzz [--count N] feeds damaged files to every reader and says which withstood. ./simclr bench soak [--runs N] takes many
                runs in one process and says whether memory, threads or file handles grow.
                --write puts the results into benchmarks/RESULTS.md. ./simclr bench micro [FILTER] runs BenchmarkDotNet over views, losses, optimizers.
                """,
            "notebooks" => """
                ./simclr notebooks [NAME ...]
                Runs the literate notebooks (experiments/notebooks/NAME.fsx; all, if none is named) and renders them with what they
                show to results/notebooks/NAME.html, which opens without a network beside plotly.min.js, and NAME.ipynb, which runs in Jupyter
                (./simclr jupyter). What they train is stored in results/notebooks/runs.
                """,
            "jupyter" => """
                ./simclr jupyter [FOLDER]
                Puts a kernel of F# into Jupyter, '.NET (F#)', in which the notebooks of results/notebooks run: in FOLDER/kernels (FOLDER: JUPYTER_DATA_DIR, or
                ~/.local/share/jupyter). It is Microsoft.dotnet-interactive, restored into .simclr/jupyter. Begin a notebook of your own with
                  #load "PATH-OF-THIS-CLONE/scripts/notebook.fsx"
                and runs, views, grids, results, outcomes and charts show themselves, without a network.
                """,
            "docs" => """
                ./simclr docs [FOLDER]
                Makes the documentation as a static site in FOLDER (results/docs), which opens without a network: the pages of docs/, README, and the
                API reference of both libraries. docs/contents says which page stands where.
                """,
            "pack" => """
                ./simclr pack [FOLDER]
                Makes SimCLR.Core and SimCLR.FSharp as NuGet packages (.nupkg) with their symbols (.snupkg) in FOLDER (results/packages), as plain
                dotnet pack does. A folder of packages is a feed: #i "nuget: FOLDER" in a script, a packageSource in a nuget.config.
                """,
            "publish-bench" => """
                ./simclr publish-bench [FOLDER] [--data FILE]
                Makes FOLDER/simclr-bench.tar.xz (FOLDER: .simclr/bundle): .NET's runtime, the measurements, TorchSharp's native half, the Python
                peer and run.sh, without libtorch. It runs on the libtorch of an installed PyTorch: tar xf simclr-bench.tar.xz, simclr-bench/run.sh.
                --data FILE puts CIFAR-10 (cifar10-jpeg.tar.xz) into it. benchmarks/GPU.md says how to use it.
                """,
            "format" => """
                ./simclr format [check]
                Formats C# (csharpier) and F# (fantomas); with 'check' changes nothing and fails if something is not formatted.
                """,
            _ => null,
        };

    public static int Show() => Show(Usage);

    public static int Show(string help)
    {
        Say.Out(Named(help));
        return 0;
    }

    /// <summary>A text with the launcher's name as the user knows it.</summary>
    public static string Named(string text) => Name == Bash ? text : text.Replace(Bash, Name);
}

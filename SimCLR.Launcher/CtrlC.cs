using System.Runtime.InteropServices;

namespace SimCLR.Launcher;

/// <summary>While it lasts, Ctrl-C ends the program that is waited for, and not this.</summary>
internal sealed class CtrlC : IDisposable
{
    public const int ExitCode = 130;

    private readonly PosixSignalRegistration registration;
    private volatile bool pressed;

    public CtrlC() =>
        registration = PosixSignalRegistration.Create(
            PosixSignal.SIGINT,
            context =>
            {
                pressed = true;
                context.Cancel = true;
            }
        );

    public bool Pressed => pressed;

    public void Dispose() => registration.Dispose();
}

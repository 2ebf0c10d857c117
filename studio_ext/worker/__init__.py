"""What runs inside a job: the supervisor, the kernel's and the worker's fork servers, the executor.

Standard library only; papermill, nbclient and ipykernel are imported where they are needed. The modules import
each other relatively and nothing else of the project: the same files are packed into ``worker.pyz`` under another
package name and run with the interpreter of any environment, Python 3.11 or newer.
"""
